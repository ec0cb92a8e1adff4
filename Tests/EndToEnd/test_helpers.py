"""The servers that vouch for the other tests really do what those tests lean on."""

import urllib.request

import botocore.exceptions
import pytest

from support import tokens
from support.images import image
from support.moto_server import BUCKET


def test_moto_verifies_signatures_of_s3_and_ssm(moto):
    moto.put_secret("/helpers/signed", "value")
    stranger = moto.client("s3", secret_key="0" * 40)
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        stranger.put_object(Bucket=BUCKET, Key="helpers/stranger", Body=b"x")
    with pytest.raises(botocore.exceptions.ClientError):
        moto.client("ssm", secret_key="0" * 40).get_parameter(Name="/helpers/signed", WithDecryption=True)
    with pytest.raises(urllib.request.HTTPError):
        urllib.request.urlopen(f"{moto.endpoint}/{BUCKET}/helpers/anyone")
    assert moto.ssm.get_parameter(Name="/helpers/signed", WithDecryption=True)["Parameter"]["Value"] == "value"
    assert moto.ssm.get_parameter(Name="/helpers/signed")["Parameter"]["Value"] != "value"


def test_the_record_names_the_operations_of_an_upload_and_of_an_abort(moto):
    prefix = f"users/{tokens.fresh_subject()}/"
    for key, body in ((prefix + "whole", image("png", 100)), (prefix + "cut", None)):
        place = {"Bucket": BUCKET, "Key": key}
        upload = moto.s3.create_multipart_upload(**place)["UploadId"]
        if body is None:
            assert moto.unfinished(prefix) == [key]
            moto.s3.abort_multipart_upload(**place, UploadId=upload)
        else:
            part = moto.s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=body)
            parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
            moto.s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    names = [name for name, status in moto.operations(prefix) if status < 300]
    whole = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]
    assert names == whole + ["CreateMultipartUpload", "AbortMultipartUpload"]
    assert moto.keys(prefix) == [prefix + "whole"]
    assert moto.object(prefix + "whole")[0] == image("png", 100)
    assert moto.unfinished(prefix) == []
