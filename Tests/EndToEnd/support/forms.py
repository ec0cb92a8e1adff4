"""Bodies of `multipart/form-data`, written by hand so that each byte is where a test wants it."""

BOUNDARY = "----sluice-test-7MA4YWxkTrZu0gW"


def part(name, data, *, filename=None, content_type=None, parameters="", fields=()):
    """One part with its delimiter line; `data` is bytes."""
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    lines = [disposition + parameters]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    head = "\r\n".join([f"--{BOUNDARY}", *lines, *fields])
    return head.encode() + b"\r\n\r\n" + data + b"\r\n"


def file(data, kind="png", name="file", filename="picture.png", **options):
    return part(name, data, filename=filename, content_type=f"image/{kind}", **options)


def form(*parts, preamble=b"", epilogue=b"\r\n"):
    return preamble + b"".join(parts) + f"--{BOUNDARY}--".encode() + epilogue


CONTENT_TYPE = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"
