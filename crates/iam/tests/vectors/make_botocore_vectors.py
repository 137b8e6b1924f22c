"""Makes botocore.json: requests signed by botocore, with fixed dates and keys.

Run it with python 3 and botocore installed; the output depends on nothing else:

    python3 make_botocore_vectors.py > botocore.json
"""

import base64
import datetime
import json
from urllib.parse import urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE+/token//with==signs=="
NOW = datetime.datetime(2015, 8, 30, 12, 36, 0)
HOST = "https://kms.us-east-1.amazonaws.com"
JSON_HEADERS = [
    ("Content-Type", "application/x-amz-json-1.1"),
    ("X-Amz-Target", "TrentService.Encrypt"),
]

# name, method, url, headers, body, options
REQUESTS = [
    ("json request", "POST", HOST + "/", JSON_HEADERS, b'{"KeyId":"alias/a"}', {}),
    ("no path", "POST", HOST, JSON_HEADERS, b"{}", {}),
    ("empty body", "POST", HOST + "/", JSON_HEADERS, b"", {}),
    ("get", "GET", HOST + "/", [], b"", {}),
    ("put", "PUT", HOST + "/", [], b"x", {}),
    ("utf-8 body", "POST", HOST + "/", JSON_HEADERS, '{"Description":"\u00fc\u1234\U0001f511"}'.encode(), {}),
    ("binary body", "POST", HOST + "/", JSON_HEADERS, bytes(range(256)), {}),
    ("large body", "POST", HOST + "/", JSON_HEADERS, b"a" * 5000, {}),
    ("session token", "POST", HOST + "/", JSON_HEADERS, b"{}", {"token": TOKEN}),
    ("date header", "POST", HOST + "/", JSON_HEADERS + [("Date", "x")], b"{}", {"header_only": True}),
    ("content hash", "POST", HOST + "/", JSON_HEADERS + [("X-Amz-Content-SHA256",
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")], b"{}", {}),
    ("port", "POST", "http://localhost:4566/", JSON_HEADERS, b"{}", {}),
    ("default port", "POST", "http://localhost:80/", JSON_HEADERS, b"{}", {}),
    ("ipv6 host", "POST", "http://[::1]:4566/", JSON_HEADERS, b"{}", {}),
    ("user agent is unsigned", "POST", HOST + "/", [("User-Agent", "aws-cli/2"), ("Expect", "100-continue")], b"{}", {}),
    ("trace id is unsigned", "POST", HOST + "/", [("X-Amzn-Trace-Id", "Root=1")], b"{}", {}),
    ("spaces in headers", "POST", HOST + "/", [("X-Amz-Meta", "  a   b  c "), ("My-Header", '"a   b"')], b"", {}),
    ("empty header", "POST", HOST + "/", [("X-Amz-Meta", "")], b"", {}),
    ("repeated headers", "POST", HOST + "/", [("X-Amz-Meta", "b"), ("x-amz-meta", " a  "), ("X-AMZ-Meta", "c")], b"", {}),
    ("list in header", "POST", HOST + "/", [("X-Amz-Meta", "a,b, c")], b"", {}),
    ("utf-8 header", "POST", HOST + "/", [("X-Amz-Meta", "\u00fc\u1234")], b"", {}),
    ("header order", "POST", HOST + "/", [("Zeta", "1"), ("alpha", "2"), ("X-Amz-Z", "3"), ("x-amz-a", "4"), ("A-B", "5"), ("AB", "6")], b"", {}),
    ("encoded path", "GET", HOST + "/a%20b/%E1%88%B4", [], b"", {}),
    ("unreserved path", "GET", HOST + "/-._~0123456789ABCxyz", [], b"", {}),
    ("reserved path", "GET", HOST + "/a:b@c$d&e+f,g=h;i!j'k(l)*", [], b"", {}),
    ("slashes", "GET", HOST + "//example//x///", [], b"", {}),
    ("dot segments", "GET", HOST + "/a/./b/../c/../../d/", [], b"", {}),
    ("dots beyond the root", "GET", HOST + "/../../a", [], b"", {}),
    ("encoded dots", "GET", HOST + "/a/%2e%2e/b", [], b"", {}),
    ("query", "GET", HOST + "/?Action=ListKeys&Version=2014-11-01", [], b"", {}),
    ("query order", "GET", HOST + "/?b=2&a=2&a=1&B=0&a1=0&A-=0", [], b"", {"header_only": True}),
    ("query without values", "GET", HOST + "/?b&a=&c", [], b"", {"no_bare_names": True}),
    ("query encoded", "GET", HOST + "/?%E1%88%B4=%20%2F%3D%26%2B&-._~=-._~", [], b"", {}),
    ("query and body", "POST", HOST + "/?a=1", JSON_HEADERS, b"{}", {}),
    ("other region", "POST", "https://kms.us-gov-west-1.amazonaws.com/", JSON_HEADERS, b"{}", {"region": "us-gov-west-1"}),
]


def sign(form, name, method, url, headers, body, options):
    if options.get("no_bare_names"):
        # botocore signs `b` as sent; the standard form, which we expect, is `b=`.
        url = url.replace("?b&", "?b=&").replace("&c", "&c=")
    request = AWSRequest(method=method, url=url, data=body)
    for key, value in headers:
        request.headers.add_header(key, value)
    credentials = Credentials(ACCESS_KEY_ID, SECRET, options.get("token"))
    region = options.get("region", "us-east-1")
    if form == "header":
        signer = botocore.auth.SigV4Auth(credentials, "kms", region)
    else:
        # The signer for the query moves a body into the query: sign as for an empty one.
        request.data = b""
        body = b""
        signer = botocore.auth.SigV4QueryAuth(credentials, "kms", region, expires=900)
    signer.add_auth(request)
    parts = urlsplit(request.url)
    sent = [("Host", botocore.auth._host_from_url(request.url))] + request.headers.items()
    return {
        "name": f"{name} ({form})",
        "method": method,
        "path": parts.path,
        "query": parts.query,
        "headers": sent,
        "body": base64.b64encode(body).decode(),
        "region": region,
        "token": options.get("token"),
    }


def main():
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW
    vectors = []
    for name, method, url, headers, body, options in REQUESTS:
        vectors.append(sign("header", name, method, url, headers, body, options))
        if not options.get("header_only") and not any(key == "X-Amz-Content-SHA256" for key, _ in headers):
            vectors.append(sign("query", name, method, url, headers, body, options))
    print(json.dumps({
        "access_key_id": ACCESS_KEY_ID,
        "secret": SECRET,
        "now": "2015-08-30T12:36:00Z",
        "requests": vectors,
    }, indent=1))


if __name__ == "__main__":
    main()
