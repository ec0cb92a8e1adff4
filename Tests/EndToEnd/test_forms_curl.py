"""Forms as curl sends them."""

import pytest

from support.expectations import assert_refused
from support.images import image
from test_curl import curl, stored
from test_forms import assert_nothing_left


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(image("png", 123_457))
    return path


@pytest.mark.parametrize("extra", [[], ["-F", "title=hello"], ["-H", "Expect: 100-continue"],
                                   ["-H", "Transfer-Encoding: chunked"]], ids=" ".join)
def test_curl_form(daemon, moto, token, picture, extra):
    response = curl(daemon, token, *extra, "-F", f"file=@{picture}")
    assert stored(moto, response) == picture.read_bytes()
    assert response.json["data"]["originalFilename"] == "picture.png"


def test_curl_form_with_a_name_and_a_type_of_its_own(daemon, moto, token, picture):
    response = curl(daemon, token, "-F", f'file=@{picture};type=image/png;filename=a "quoted" 이름.png')
    assert stored(moto, response) == picture.read_bytes()
    assert response.json["data"]["originalFilename"] == 'a "quoted" 이름.png'


def test_curl_form_with_two_files(daemon, moto, sub, token, picture):
    assert_refused(curl(daemon, token, "-F", f"a=@{picture}", "-F", f"b=@{picture}"), "BAD_REQUEST")
    assert_nothing_left(daemon, moto, sub)


def test_curl_form_of_text_only(daemon, token):
    assert_refused(curl(daemon, token, "-F", "title=hello"), "BAD_REQUEST")
