# SPDX-License-Identifier: Apache-2.0
"""The program has what lib/protocol/protocols.toml says. The file is read here without the reader of the build, and compared with `protocols --json`."""
import json
import tomllib

from recorded import HERE

FILE = tomllib.loads((HERE.parents[1] / "lib/protocol/protocols.toml").read_text())
SHARED = FILE["shared"]
POINTERS = ("base", "token", "expiry", "thumbprint", "key_id", "secret")


def whole(entry, shared):
    return {**shared[entry["use"]], **entry} if "use" in entry else entry


def field_of(entry, subject):
    """An object of `fields`."""
    if entry.get("use") == "subject":
        field = {"name": subject.get("name", "authorization"), "from": "subject", "in": subject["where"], "kind": "text"}
        return field | {key: subject[key] for key in ("min", "max") if key in subject}
    entry = whole(entry, SHARED["parameter"])
    required = entry.get("required") or entry.get("service_requires")
    flags = [word for word, on in (("required", required), ("repeats", entry.get("repeats")), ("with-previous", entry.get("with_previous")),
                                ("without-url", entry.get("without_url"))) if on]
    field = {"name": entry["name"], "from": "fixed" if "fixed" in entry else "parameter", "in": entry["where"], "kind": entry.get("kind", "text")}
    field |= {"flags": flags} if flags else {}
    field |= {"value": entry.get("fixed", entry.get("default"))} if {"fixed", "default"} & set(entry) else {}
    return field | {key: entry[key] for key in ("help", "min", "max", "field", "variable", "claim", "shape", "charset") if key in entry}


def object_of(name, paragraph):
    request, subject, answer = paragraph["request"], paragraph["subject"], whole(paragraph["answer"], SHARED["answer"])
    entries = paragraph.get("parameter", [])
    if not any(entry.get("use") == "subject" for entry in entries):
        entries = [{"use": "subject"}, *entries]
    made = {"name": name, "summary": paragraph["summary"], "method": request["method"], "body": request["body"],
            "expiry-kind": answer["expiry_kind"], "default-ttl": answer.get("lifetime", 300), "fields": [field_of(entry, subject) for entry in entries]}
    made |= {"url": request["url"]} if "url" in request else {}
    made |= {"token-file": subject[key] for key in ("variable", "file") if key in subject}
    made |= {"ca": paragraph["ca"]} if "ca" in paragraph else {}
    made |= {key.replace("_", "-"): answer[key] for key in POINTERS if key in answer}
    use = {"again": [], "once": ["single-use"], "unknown": ["use-unknown"]}[subject.get("use", "unknown")]
    return made | {"write": sorted(set(paragraph["write"]) - {"thumbprint"}), "flags": sorted(paragraph.get("flags", []) + use)}


def test_the_program_says_what_the_file_says(sidecar):
    told = json.loads(sidecar.run("protocols", "--json").out)
    for one in told:
        one["write"].sort()
        one["flags"].sort()
    assert told == [object_of(name, paragraph) for name, paragraph in FILE["protocol"].items()]
