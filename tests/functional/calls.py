"""Calls to a node: JSON-RPC, and plain HTTP."""
import json
import urllib.error
import urllib.request


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.data = error.get("data", {})

    @property
    def fault(self):
        """The name of the fault of a refused transaction."""
        return self.data.get("fault", {}).get("name")


def rpc(url, method, **params):
    """One JSON-RPC call; raises RpcError for an error in the answer."""
    return rpc_as(None, url, method, **params)


def rpc_as(token, url, method, **params):
    """The same with the operator's token, if there is one."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=90) as answer:
        out = json.load(answer)
    if "error" in out:
        raise RpcError(out["error"])
    return out["result"]


def http(url, method="GET", body=None, headers=None):
    """(status, headers, body) of one HTTP exchange, whatever the status."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read()
