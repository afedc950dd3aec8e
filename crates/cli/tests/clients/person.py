"""A person at a browser, played: signs in, types the code of a device, reads the question, says yes."""

import json
import re
import urllib.parse
import urllib.request


def confirm(base, who, address, code, asked_for):
    """Lets the application that showed this code sign in as `who`; the question must name the application."""
    body = json.dumps({"username": who["upn"], "password": who["password"]}).encode()
    call = urllib.request.Request(f"{base}/api/admin/v1/session", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(call) as answer:
        session = json.load(answer)["secret"]
    cookie = {"Cookie": f"__Host-ephor={session}", "Origin": base}

    def page(form=None):
        data = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(urllib.request.Request(address, data, cookie)) as answer:
            return answer.read().decode()

    assert who["upn"] in page(), "the page does not say who is signed in"
    question = page({"code": code})
    assert asked_for in question, question
    shown = re.search(r'name="code" value="([^"]+)"', question).group(1)
    page({"code": shown, "decision": "allow"})
