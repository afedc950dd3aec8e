"""Writes an OpenAPI document of the Graph face, made from the $metadata that it serves: facts of the demo on the standard
input, the document on the standard output. What the metadata does not speak of (functions, actions) is named here.
"""

import json
import sys
import urllib.request
import xml.etree.ElementTree as xml

facts = json.load(sys.stdin)
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
PRIMITIVE = {
    "Edm.String": {"type": "string"},
    "Edm.Boolean": {"type": "boolean"},
    "Edm.Int32": {"type": "integer", "format": "int32"},
    "Edm.Int64": {"type": "integer", "format": "int64"},
    "Edm.Double": {"type": "number"},
    "Edm.Guid": {"type": "string", "format": "uuid"},
    "Edm.Date": {"type": "string", "format": "date"},
    "Edm.TimeOfDay": {"type": "string"},
    "Edm.DateTimeOffset": {"type": "string", "format": "date-time"},
    "Edm.Duration": {"type": "string"},
}
# Where each way down ends.
DEEPEST = 4
OPTIONS = {
    "$filter": ["displayName eq 'a'", "principalId eq 'x' and status eq 'Granted'", "startswith(displayName,'a') or not (id eq 'b')",
                "scopeId eq '/' and roleDefinitionId eq '1'"],
    "$select": ["id", "id,displayName", "*"],
    "$expand": ["principal", "principal,roleDefinition($select=id)", "members", "*"],
    "$orderby": ["displayName desc", "id"],
    "$top": ["1", "999", "0", "-1"],
    "$skip": ["0", "1", "99999999999"],
    "$count": ["true", "false"],
    "$search": ['"displayName:a"'],
    "$skiptoken": ["a"],
}
CURRENT_USER = "filterByCurrentUser(on='principal')"


def reference(name, edition):
    if name.startswith("Collection("):
        return {"type": "array", "items": reference(name[11:-1], edition), "maxItems": 3}
    if name in PRIMITIVE:
        return {**PRIMITIVE[name], "nullable": True}
    return {"$ref": f"#/components/schemas/{edition}_{name.rsplit('.', 1)[-1]}"}


def types_of(schema, edition, schemas):
    types = {}
    for kind in ("EntityType", "ComplexType"):
        for found in schema.iter(EDM + kind):
            types[found.get("Name")] = found
    for found in schema.iter(EDM + "EnumType"):
        words = [member.get("Name") for member in found.iter(EDM + "Member")]
        schemas[f"{edition}_{found.get('Name')}"] = {"type": "string", "enum": words}
    for name, found in types.items():
        members, at = {}, found
        while at is not None:
            for member in at.findall(EDM + "Property"):
                members[member.get("Name")] = reference(member.get("Type"), edition)
            base = at.get("BaseType")
            at = types.get(base.rsplit(".", 1)[-1]) if base else None
        members["@odata.type"] = {"type": "string", "example": f"#microsoft.graph.{name}"}
        schemas[f"{edition}_{name}"] = {"type": "object", "properties": members}
    return types


def navigations(types, name):
    found, at = [], types.get(name)
    while at is not None:
        found.extend((way.get("Name"), way.get("Type")) for way in at.findall(EDM + "NavigationProperty"))
        base = at.get("BaseType")
        at = types.get(base.rsplit(".", 1)[-1]) if base else None
    return found


def operation(name, parameters, body=None):
    made = {"operationId": name, "parameters": parameters, "responses": {"default": {"description": "any"}}}
    if body is not None:
        made["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return made


def query(names):
    return [
        {"name": name, "in": "query", "schema": {"type": "string"}, "examples": {str(at): {"value": text} for at, text in enumerate(OPTIONS[name])}}
        for name in names
    ]


def keys(path):
    return [
        {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for part in path.replace("(", "/").replace(")", "/").split("/")
        if part.startswith("{")
    ]


def walk(edition, path, kind, types, paths, depth):
    collection = kind.startswith("Collection(")
    name = (kind[11:-1] if collection else kind).rsplit(".", 1)[-1]
    body = {"$ref": f"#/components/schemas/{edition}_{name}"}
    at = path[1:].replace("/", ".")
    if collection:
        paths[path] = {
            "get": operation(f"list.{at}", keys(path) + query(OPTIONS)),
            "post": operation(f"create.{at}", keys(path), body),
        }
        plain = {"type": "object"}
        # Named by what it is a key of, so that something that is there can be said for it.
        key = f"{path}/{{{path.rsplit('/', 1)[-1]}Id}}"
        if name.endswith(("Request", "Schedule", "Instance")):
            paths[f"{path}/{CURRENT_USER}"] = {"get": operation(f"own.{at}", keys(path) + query(["$filter", "$expand"]))}
        if name.endswith("Request"):
            paths[f"{key}/cancel"] = {"post": operation(f"cancel.{at}", keys(key), plain)}
        if depth == 0 and name in ("user", "group", "directoryObject", "servicePrincipal"):
            for action in ("checkMemberGroups", "getMemberGroups", "getMemberObjects", "checkMemberObjects"):
                paths[f"{key}/{action}"] = {"post": operation(f"{action}.{at}", keys(key), plain)}
            paths[f"{path}/delta"] = {"get": operation(f"delta.{at}", query(["$select", "$filter", "$skiptoken"]))}
        path = key
    paths[path] = {
        "get": operation(f"get.{path[1:].replace('/', '.')}", keys(path) + query(["$select", "$expand"])),
        "patch": operation(f"change.{path[1:].replace('/', '.')}", keys(path), body),
        "delete": operation(f"delete.{path[1:].replace('/', '.')}", keys(path)),
    }
    if depth < DEEPEST:
        for way, of in navigations(types, name):
            # Into other objects one step suffices: they have lists of their own.
            if depth and not collection or not depth or way in ("stages", "steps", "rules", "members", "owners", "manager"):
                walk(edition, f"{path}/{way}", of, types, paths, depth + 1)


document = {
    "openapi": "3.0.3",
    "info": {"title": "Graph face", "version": "1"},
    "servers": [{"url": facts["http"]}],
    "paths": {},
    "components": {"schemas": {}},
}
for edition in ("v1.0", "beta"):
    with urllib.request.urlopen(f"{facts['http']}/{edition}/$metadata") as answer:
        schema = xml.parse(answer).getroot().find(f".//{EDM}Schema")
    types = types_of(schema, edition, document["components"]["schemas"])
    for entry in schema.find(f"{EDM}EntityContainer"):
        kind = entry.get("Type") or f"Collection({entry.get('EntityType')})"
        walk(edition, f"/{edition}/{entry.get('Name')}", kind, types, document["paths"], 0)
    document["paths"][f"/{edition}/$batch"] = {
        "post": operation(f"batch.{edition}", [], {
            "type": "object",
            "properties": {"requests": {"type": "array", "maxItems": 25, "items": {"type": "object", "properties": {
                "id": {"type": "string"}, "method": {"type": "string"}, "url": {"type": "string"},
                "body": {}, "headers": {"type": "object"}, "dependsOn": {"type": "array", "items": {"type": "string"}},
            }}}},
        })
    }
    document["paths"][f"/{edition}/directoryObjects/getByIds"] = {
        "post": operation(f"getByIds.{edition}", [], {"type": "object", "properties": {
            "ids": {"type": "array", "items": {"type": "string"}}, "types": {"type": "array", "items": {"type": "string"}},
        }})
    }
json.dump(document, sys.stdout)
