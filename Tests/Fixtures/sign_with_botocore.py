"""Signs requests with botocore, for comparison: one JSON object a line in, one signature a line out.

Fields of a request: method, host, key, query (pairs), headers (pairs), payload (the body's hash), seconds, presign.
"""
import datetime
import json
import sys
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CREDENTIALS = Credentials("AKTEST", "SKTEST/+=", token=None)


class Auth(botocore.auth.S3SigV4Auth):
    def payload(self, request):
        return request.context["payload"]


def sign(call):
    moment = datetime.datetime.fromtimestamp(call["seconds"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: moment
    url = f"http://{call['host']}/" + quote("bucket/" + call["key"], safe="/-_.~")
    request = AWSRequest(method=call["method"], url=url, params=[tuple(pair) for pair in call["query"]])
    for name, value in call["headers"]:
        request.headers[name] = value
    request.context["payload"] = call["payload"]
    if call["presign"]:
        request.params = dict(tuple(pair) for pair in call["query"])
        botocore.auth.S3SigV4QueryAuth(CREDENTIALS, "s3", "eu-central-1", expires=call["presign"]).add_auth(request)
        return request.url.rsplit("X-Amz-Signature=", 1)[1]
    Auth(CREDENTIALS, "s3", "eu-central-1").add_auth(request)
    return request.headers["Authorization"].rsplit("Signature=", 1)[1]


for line in sys.stdin:
    print(sign(json.loads(line)))
