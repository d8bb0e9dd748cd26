# SPDX-License-Identifier: Apache-2.0
"""What a parameter of lib/protocol/protocols.toml must be: its kind, its place, its default. protocols.py reads the parameters."""
import re


def has_only(value, charset):
    return all(c.isalnum() or c in charset for c in value)


def value_mistake(p, value):
    """Why request_check.c would refuse the value, or None."""
    if p.kind in ("number", "seconds"):
        digits = value.removesuffix("s") if p.kind == "seconds" else value
        right = re.fullmatch(r"0|[1-9][0-9]*", digits) and (p.kind == "number") == (digits == value) and p.min <= int(digits) <= p.max
        return None if right else f"is not a number from {p.min} to {p.max}" + (" and an s" if p.kind == "seconds" else "")
    if len(value) < p.min or p.max and len(value) > p.max:
        return f"must have {p.min} to {p.max} bytes"
    if p.shape:
        before, after = p.shape.split("*")
        if not (value.startswith(before) and value.endswith(after) and len(value) > len(before + after)):
            return f"does not look like {p.shape}"
    if p.charset and not has_only(value, p.charset):
        return f"may have letters, digits and {p.charset} only"
    if p.where == "url" and (".." in value or not any(map(str.isalnum, value))):
        return "leads to another place of the URL"
    return None


def check_kind(row, p):
    if p.kind in ("number", "seconds"):
        if not p.max and p.source == "user":
            row.fail(f'"max" is missing: a {p.kind} has a range')
        if p.shape or p.charset:
            row.fail(f'"shape" and "charset" are for texts, and the kind is "{p.kind}"')
    if p.kind in ("words", "list", "numbered") and "repeats" not in p.flags:
        row.fail(f'the kind "{p.kind}" is for what is given several times: "repeats" must be true')
    if p.kind == "literal" and p.source == "user":
        row.fail('the kind "literal" is for a fixed value: the user\'s would go out without quotes')
    marks = p.sent_as().count("#")
    if marks != (p.kind == "numbered"):
        row.fail(f'the name that goes out has # {marks} times: it is once in the kind "numbered", and in no other')


def check_shape(row, p):
    if not p.shape:
        return
    if p.shape.count("*") != 1 or p.shape == "*":
        row.fail(f'"shape" is "{p.shape}", and must have one * beside other characters')
    if p.charset and not has_only(p.shape.replace("*", ""), p.charset):
        row.fail(f'"shape" is "{p.shape}", and "charset" is "{p.charset}": no value would fit both')


def check_charset(row, p):
    if any(map(str.isalnum, p.charset)) or len(set(p.charset)) != len(p.charset):
        row.fail(f'"charset" is "{p.charset}", and has characters besides letters and digits, each once')
    if p.where == "url" and not p.charset and p.kind != "number":
        row.fail('"charset" is missing: a value must not leave its place in the URL')


def check_place(row, p):
    if p.where == "header" and not re.fullmatch(r"[A-Za-z0-9-]+", p.sent_as()):
        row.fail(f'"{p.sent_as()}" cannot be the name of a header')
    if p.where == "url" and ("repeats" in p.flags or p.field):
        row.fail('a part of the URL has neither "repeats" nor "field"')
    if p.where not in ("body", "pointer") and p.kind in ("literal", "list"):
        row.fail(f'the kind "{p.kind}" is for a body')
    if p.kind == "host" and p.where != "url":
        row.fail('the kind "host" is for a part of the URL')
    if (p.where == "pointer") != p.field.startswith("/"):
        row.fail('"field" begins with / where "where" is "pointer", and only there')
