"""A receiver of signed orders that keeps groups in memory: arguments PORT SECRET. What stands at /log and /mode is for tests."""
import base64, hashlib, hmac, json, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, secret = int(sys.argv[1]), sys.argv[2]
key = base64.b64decode(secret.removeprefix("whsec_"))
groups, accounts, log, seen = {}, {}, [], {}
mode = {"later": 0, "busy": 0, "readonly": False, "lose_answers": 0}


def signed(headers, body):
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > 300:
        return False
    text = b".".join([headers.get("webhook-id", "").encode(), stamp.encode(), body])
    wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, one) for one in headers.get("webhook-signature", "").split(" "))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, {"log": log, "groups": groups, "accounts": accounts})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/mode":
            mode.update(json.loads(body))
            return self.answer(200, mode)
        if not signed(self.headers, body):
            return self.answer(401, {"detail": "not signed"})
        order, path = json.loads(body), self.path.removeprefix("/hook")
        log.append({"id": self.headers["webhook-id"], "path": path, "order": order})
        if mode["busy"] > 0:
            mode["busy"] -= 1
            return self.answer(503, {"detail": "busy"})
        if path == "/memberships":
            if mode["readonly"]:
                return self.answer(403, {"detail": "read only"})
            if order["group"] not in groups:
                return self.answer(404, {"missing": "group"})
            if mode["later"] > 0:
                mode["later"] -= 1
                return self.answer(202, {})
            members, outcomes = groups[order["group"]], []
            for change in order["changes"]:
                account, present = change["account"], change["wanted"] == "present"
                if account not in accounts:
                    outcomes.append({"outcome": "refused", "cause": "nobody of that name"})
                elif (account in members) == present:
                    outcomes.append({"outcome": "already"})
                else:
                    members.append(account) if present else members.remove(account)
                    outcomes.append({"outcome": "done"})
            if mode["lose_answers"] > 0:
                mode["lose_answers"] -= 1
                self.close_connection = True
                return self.connection.close()
            return self.answer(200, {"outcomes": outcomes})
        if path == "/members":
            members = groups.get(order["group"])
            return self.answer(404, {"missing": "group"}) if members is None else self.answer(200, {"members": members})
        if path == "/test":
            if any(group not in groups for group in order["groups"]):
                return self.answer(404, {"missing": "group"})
            return self.answer(200, {"writable": not mode["readonly"], "product": "receiver of tests"})
        if path in ("/accounts/find", "/groups/find"):
            known = accounts if path.startswith("/accounts") else groups
            return self.answer(200, {"name": order["name"] if order["name"] in known else None})
        if path == "/accounts/create":
            accounts.setdefault(order["name"], True)
            return self.answer(200, {"name": order["name"]})
        if path == "/groups/create":
            groups.setdefault(order["name"], [])
            return self.answer(200, {"name": order["name"]})
        if path == "/accounts/enable":
            if order["account"] not in accounts:
                return self.answer(404, {"missing": "account"})
            accounts[order["account"]] = order["enabled"]
            return self.answer(200, {"done": True})
        return self.answer(400, {"detail": "no such order"})


ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
