# SPDX-License-Identifier: Apache-2.0
"""lib/protocol/protocols.toml: each mistake in it is named with its file, row and reason."""
import re
import tomllib

import pytest
from tables import protocol_pages, protocols
from tables.common import TOP, TableError

TABLE = protocols
GOOD = """
[shared.answer.oauth]
token = "/access_token"
expiry = "/expires_in"
expiry_kind = "lifetime"

[shared.parameter.scope]
name = "scope"
where = "body"
kind = "words"
repeats = true
help = "rights (--scope)"

[protocol.plain]
summary = "a plain one"
request = { method = "POST", body = "form" }
subject = { where = "body", name = "assertion", max = 16384 }
answer = { use = "oauth" }
write = ["token", "expires"]
flags = ["any-parameter"]
about = "For a plain one."
example = "--url https://sts.example/"

[[protocol.plain.parameter]]
name = "grant_type"
where = "body"
fixed = "jwt"

[[protocol.plain.parameter]]
use = "subject"

[[protocol.plain.parameter]]
use = "scope"

[protocol.cloud]
summary = "a cloud"
request = { method = "POST", url = "https://{region}.example/{mount}", body = "json" }
subject = { where = "bearer", variable = "CLOUD_TOKEN_FILE" }
answer = { base = "/data", token = "/token", expiry_kind = "absolute", key_id = "/id", secret = "/secret", lifetime = 3600 }
write = ["aws-credentials", "expires"]
about = '''
For the cloud.

| a | b |
'''
example = '''
--protocol cloud \\
    --param region=x
'''
notes = "It is far away."

[[protocol.cloud.parameter]]
name = "region"
where = "url"
required = true
variable = "CLOUD_REGION"
charset = "-"
help = "where it is"

[[protocol.cloud.parameter]]
name = "mount"
where = "url"
default = "jwt"
shape = "j*"
charset = "/"
min = 2
max = 10
help = "path of the method"
note = "it may have `/`"

[[protocol.cloud.parameter]]
use = "scope"
kind = "list"
default = "all"

[[protocol.cloud.parameter]]
name = "role-arn"
field = "RoleArn"
where = "body"
service_requires = true
default = "arn"
variable = "CLOUD_ROLE"
help = "role"

[[protocol.cloud.parameter]]
name = "role-type"
where = "body"
with_previous = true
help = "its type"

[[protocol.cloud.parameter]]
name = "seconds"
where = "header"
kind = "seconds"
min = 1
max = 3600
help = "how long"

[revoke.oauth]
request = { body = "form", method = "POST" }
subject = { where = "body", name = "token" }

[error]
code_at = ["/error", "/error/code"]
message_at = ["/message"]
used = ["sent before"]
unfetched = ["fetching keys"]

[error.codes.oauth]
busy = ["server_error"]
known = ["invalid_request", "access_denied"]

[error.codes.cloud]
unauthorized = ["InvalidToken"]
refused = ["WrongRegion"]
"""


def change(*pairs):
    text = GOOD
    for old, new in zip(pairs[::2], pairs[1::2]):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def again(old, new):
    """A change where `old` is several times: at the last one."""
    before, after = GOOD.rsplit(old, 1)
    return before + new + after


def test_good(read):
    plain, cloud = read(GOOD).protocols
    assert [(p.name, p.source, p.kind, p.value) for p in plain.parameters] == [
        ("grant_type", "fixed", "text", "jwt"), ("assertion", "subject", "text", ""), ("scope", "user", "words", "")]
    assert (plain.answer.token, plain.answer.expiry_kind, plain.method, plain.url, plain.flags) == (
        "/access_token", "lifetime", "POST", "", ("any-parameter",))
    assert [(p.name, p.required) for p in cloud.parameters] == [
        ("authorization", False), ("region", True), ("mount", False), ("scope", False), ("role-arn", True), ("role-type", False), ("seconds", False)]
    assert cloud.token_file == "CLOUD_TOKEN_FILE" and cloud.answer.key_id == "/id" and cloud.answer.lifetime == 3600
    scope = cloud.parameters[3]
    assert (scope.kind, scope.value, scope.help, scope.flags) == ("list", "all", "rights (--scope)", ("repeats",))
    assert [(codes.service, codes.busy, codes.unauthorized, len(codes.known)) for codes in read(GOOD).codes] == [
        ("oauth", ["server_error"], [], 2), ("cloud", [], ["InvalidToken"], 0)]


MORE = "".join(f'[[protocol.cloud.parameter]]\nname = "more{i}"\nwhere = "body"\nhelp = "more {i}"\n' for i in range(7))
CLOUD = "[protocol.cloud]: "
SCOPE = '[shared.parameter.scope]\nname = "scope"'
SUBJECT = 'subject = { where = "body", name = "assertion", max = 16384 }'
MISTAKES = {
    # what is shared
    "an unknown parameter to use": (again('use = "scope"', 'use = "scoop"'), "[protocol.cloud.parameter.scoop]: "
                                    '"use" is "scoop", and there is no [shared.parameter.scoop] (did you mean "scope"?)'),
    "an unknown answer to use": (change('use = "oauth"', 'use = "aouth"'), "[protocol.plain.answer]: "
                                 '"use" is "aouth", and there is no [shared.answer.aouth] (did you mean "oauth"?)'),
    "a parameter that is used by nobody": (change(SCOPE, SCOPE.replace("scope", "unused") + '\n' + SCOPE),
                                           '[shared.parameter.unused]: no parameter says use = "unused"'),
    "an answer that is used by nobody": (change("[shared.parameter.scope]", '[shared.answer.x]\ntoken = "/x"\n[shared.parameter.scope]'),
                                         '[shared.answer.x]: no answer says use = "x"'),
    "a key that is shared already": (change('kind = "list"', 'kind = "words"'), "[protocol.cloud.parameter.scope]: "
                                     '"kind" is what [shared.parameter.scope] says already'),
    "a shared subject": (change(SCOPE, '[shared.parameter.subject]\nname = "x"\n' + SCOPE),
                         '[shared.parameter.subject]: use = "subject" stands for the subject token'),
    "the same parameter in two protocols": (GOOD + '[[protocol.cloud.parameter]]\nname = "grant_type"\nwhere = "body"\nfixed = "jwt"\n',
                                            "[protocol.cloud.parameter.grant_type]: is the same as [protocol.plain.parameter.grant_type]: "
                                            "what protocols share is written once"),
    # parameters
    "a parameter twice": (change('name = "role-type"', 'name = "role_arn"'), "[protocol.cloud.parameter.role_arn]: "
                          'the name "rolearn" is that of [protocol.cloud.parameter.role-arn] as well'),
    "the subject twice": (change('use = "subject"', 'use = "subject"\n[[protocol.plain.parameter]]\nuse = "subject"'),
                          '[protocol.plain.parameter.subject]: the name "assertion" is that of [protocol.plain.parameter.subject] as well'),
    "a variable twice": (change('"CLOUD_ROLE"', '"CLOUD_REGION"'), "[protocol.cloud.parameter.role-arn]: "
                         'the variable "CLOUD_REGION" is that of [protocol.cloud.parameter.region] as well'),
    "a variable that is none": (change('"CLOUD_ROLE"', '"cloud_role"'), "[protocol.cloud.parameter.role-arn]: "
                                '"variable" is "cloud_role", which does not match'),
    "required with a default": (change("service_requires = true", "required = true"), "[protocol.cloud.parameter.role-arn]: "
                                '"required" is true, and there is a default: nobody has to give it. Is it meant by "service_requires"?'),
    "required by the service without a default": (change('required = true\nvariable = "CLOUD_REGION"', 'service_requires = true'),
                                                  "[protocol.cloud.parameter.region]: "
                                                  '"service_requires" is true, and there is no default: the user must give it'),
    "a placeholder without a parameter": (change("{mount}", "{mount}/{mouth}"), CLOUD + '"url" has {mouth}, and no parameter with this name '
                                          'has where = "url" (did you mean "mount"?)'),
    "a part of the URL that is not in it": (change("/{mount}", ""), CLOUD + 'the parameter "mount" has where = "url", and "url" has no {mount}'),
    "a part of a URL that there is none of": (change('url = "https://{region}.example/{mount}", ', ""), CLOUD +
                                              'the parameter "region" has where = "url", and "url" has no {region}'),
    "a brace alone": (change("{mount}", "{mount"), CLOUD + '"url" is "https://{region}.example/{mount", where braces are not in pairs'),
    "a subject token that is used twice": (change('max = 16384 }', 'max = 16384, use = "twice" }'), "[protocol.plain.subject]: "
                                           '"use" is "twice", and may be again, once, unknown'),
    "a phrase with a point": (change('used = ["sent before"]', 'used = ["sent before."]'), '[error]: "used" has "sent before.", which is not words with one space'),
    "plain http": (change("https://{region}", "http://{region}"), '[protocol.cloud.request]: "url" is "http://'),
    "too many parameters": (GOOD + MORE, CLOUD + "there are 14 parameters with the subject token, and may be 13"),
    "an unknown kind": (change('kind = "list"', 'kind = "lists"'), "[protocol.cloud.parameter.scope]: "
                        '"kind" is "lists", and may be text, number, literal, words, list, seconds, numbered, host (did you mean "list"?)'),
    "a list that does not repeat": (change('kind = "list"', 'kind = "list"\nrepeats = false'), "[protocol.cloud.parameter.scope]: "
                                    'the kind "list" is for what is given several times: "repeats" must be true'),
    "a list in a form": (again("repeats = true", 'repeats = true').replace('use = "scope"\n\n', 'use = "scope"\nkind = "list"\n\n', 1),
                         '[protocol.plain]: the parameter "scope" has the kind "list", which is for a JSON body'),
    "a number without a range": (change("min = 1\nmax = 3600\n", ""), "[protocol.cloud.parameter.seconds]: "
                                 '"max" is missing: a seconds has a range'),
    "a number with a charset": (change("max = 3600\n", 'max = 3600\ncharset = "."\n'), "[protocol.cloud.parameter.seconds]: "
                                '"shape" and "charset" are for texts, and the kind is "seconds"'),
    "numbered without #": (change('help = "role"', 'help = "role"\nkind = "numbered"\nrepeats = true'), "[protocol.cloud.parameter.role-arn]: "
                           "the name that goes out has # 0 times"),
    "# without numbered": (change('"RoleArn"', '"Role.#"'), "[protocol.cloud.parameter.role-arn]: the name that goes out has # 1 times"),
    "numbered in JSON": (change('"RoleArn"', '"Role.#"', 'help = "role"', 'help = "role"\nkind = "numbered"\nrepeats = true'), CLOUD +
                         'the parameter "role-arn" has the kind "numbered", which is for a form'),
    "a literal of the user's": (change('help = "role"', 'help = "role"\nkind = "literal"'), "[protocol.cloud.parameter.role-arn]: "
                                'the kind "literal" is for a fixed value'),
    "a literal in a form": (change('fixed = "jwt"', 'fixed = "true"\nkind = "literal"'), '[protocol.plain]: '
                            'the parameter "grant_type" has the kind "literal", which is for a JSON body'),
    "a literal in a header": (change('fixed = "jwt"', 'fixed = "1"\nkind = "literal"',
                                     'name = "grant_type"\nwhere = "body"', 'name = "x"\nwhere = "header"'),
                              '[protocol.plain.parameter.x]: the kind "literal" is for a body'),
    "a range the wrong way round": (change("min = 2\nmax = 10", "min = 20\nmax = 10"), "[protocol.cloud.parameter.mount]: "
                                    '"min" is 20, and "max" is 10'),
    "a least without a most": (change("min = 2\nmax = 10", "min = 2"), '[protocol.cloud.parameter.mount]: "min" needs a "max"'),
    "a default that is refused for its shape": (change('default = "jwt"', 'default = "kubernetes"'), "[protocol.cloud.parameter.mount]: "
                                                '"default" is "kubernetes", which does not look like j*'),
    "a default that is refused for a character": (change('default = "jwt"', 'default = "j.t"'), "[protocol.cloud.parameter.mount]: "
                                                  '"default" is "j.t", which may have letters, digits and / only'),
    "a default that is refused for its length": (change('default = "jwt"', 'default = "j2345678901"'), "[protocol.cloud.parameter.mount]: "
                                                 '"default" is "j2345678901", which must have 2 to 10 bytes'),
    "a default that is refused as a number": (change("max = 3600\n", 'max = 3600\ndefault = "3600"\n'), "[protocol.cloud.parameter.seconds]: "
                                              '"default" is "3600", which is not a number from 1 to 3600 and an s'),
    "a default that leads elsewhere": (change('shape = "j*"\ncharset = "/"', 'charset = "/."', 'default = "jwt"', 'default = "a/../b"'),
                                       '[protocol.cloud.parameter.mount]: "default" is "a/../b", which leads to another place of the URL'),
    "a shape without *": (change('shape = "j*"', 'shape = "j"'), '[protocol.cloud.parameter.mount]: "shape" is "j", and must have one *'),
    "a shape that is all": (change('shape = "j*"', 'shape = "*"'), '[protocol.cloud.parameter.mount]: "shape" is "*", and must have one *'),
    "a shape that the charset forbids": (change('shape = "j*"', 'shape = "j:*"'), "[protocol.cloud.parameter.mount]: "
                                         '"shape" is "j:*", and "charset" is "/": no value would fit both'),
    "a part of the URL without a charset": (change('charset = "-"\n', ""), "[protocol.cloud.parameter.region]: "
                                            '"charset" is missing: a value must not leave its place in the URL'),
    "a charset with letters": (change('charset = "-"', 'charset = "-a"'), "[protocol.cloud.parameter.region]: "
                               '"charset" is "-a", and has characters besides letters and digits, each once'),
    "a part of the URL that repeats": (change('charset = "-"', 'charset = "-"\nrepeats = true'), "[protocol.cloud.parameter.region]: "
                                       'a part of the URL has neither "repeats" nor "field"'),
    "a fixed value with help": (change('fixed = "jwt"', 'fixed = "jwt"\nhelp = "x"'), "[protocol.plain.parameter.grant_type]: "
                                '"help" is for the user\'s values, and this one is fixed'),
    "no help": (change('help = "role"\n', ""), '[protocol.cloud.parameter.role-arn]: the key "help" is missing'),
    "a field that is the name": (change('"RoleArn"', '"role-arn"'), '[protocol.cloud.parameter.role-arn]: "field" is the same as "name"'),
    "a name that cannot be said": (change('name = "role-type"', 'name = "role type"'), "[protocol.cloud.parameter.role type]: "
                                   '"name" is "role type", which does not match'),
    "a header that is none": (change('name = "seconds"', 'name = "x_seconds"'), "[protocol.cloud.parameter.x_seconds]: "
                              '"x_seconds" cannot be the name of a header'),
    "first, and with the one before": (change('required = true\nvariable = "CLOUD_REGION"', "with_previous = true"),
                                       "[protocol.cloud.parameter.region]: "
                                       '"with_previous" is true, and the user does not give the parameter before it'),
    "a revocation that is none": (change('notes = "It is', 'revoke = "oath"\nnotes = "It is'),
                                  '[protocol.cloud] has "revoke" = "oath", and there is no [revoke.oath] (did you mean "oauth"?)'),
    "a revocation with a whole URL": (change('{ body = "form", method', '{ url = "https://a.example/", body = "form", method'),
                                      '[revoke.oauth.request]: "url" is "https://a.example/", and must begin with https:// or a parameter; that of a revocation is a path'),
    "a pointer in a form": (change('fixed = "jwt"', 'fixed = "jwt"\n\n[[protocol.plain.parameter]]\nname = "p"\nfield = "/p"\nwhere = "pointer"\nfixed = "x"'),
                            '[protocol.plain]: the parameter "p" has where = "pointer", which is for a JSON body'),
    "a pointer without a slash": (change('where = "header"\nkind = "seconds"', 'where = "pointer"\nkind = "seconds"'), "[protocol.cloud.parameter.seconds]: "
                                  '"field" begins with / where "where" is "pointer", and only there'),
    "pointers that are apart": (change('[error]\n', "".join(
        f'[[protocol.cloud.parameter]]\nname = "p{i}"\nfield = "{field}"\nwhere = "pointer"\nfixed = "x"\n' for i, field in enumerate(("/a/b", "/c", "/a/d"))) + "[error]\n"),
        CLOUD + 'the fields below "/a" must stand together, and before'),
    "a host that is no part of the URL": (change('kind = "seconds"\nmin = 1\nmax = 3600', 'kind = "host"'), "[protocol.cloud.parameter.seconds]: "
                                          'the kind "host" is for a part of the URL'),
    "a variable and a claim": (change('variable = "CLOUD_ROLE"', 'variable = "CLOUD_ROLE"\nclaim = "/role"'), "[protocol.cloud.parameter.role-arn]: "
                               '"variable" and "claim" exclude each other'),
    "a variable and a file": (change('variable = "CLOUD_TOKEN_FILE"', 'variable = "CLOUD_TOKEN_FILE", file = "/x"'), "[protocol.cloud.subject]: "
                              '"variable" and "file" exclude each other'),
    "doubt about no parameter": (change('notes = "It is', 'doubt = { parameter = "role", words = ["no"] }\nnotes = "It is'), CLOUD +
                                 '"doubt" names the parameter "role", and no parameter has this name'),
    "doubt in words that cannot be kept": (change('notes = "It is', 'doubt = { parameter = "region", words = ["a|b"] }\nnotes = "It is'), "[protocol.cloud.doubt]: "
                                           '"words" must be a list of texts without |'),
    "pointers into an object before its own": (change('[error]\n', "".join(
        f'[[protocol.cloud.parameter]]\nname = "p{i}"\nfield = "{field}"\nwhere = "pointer"\nfixed = "x"\n' for i, field in enumerate(("/a/b/c", "/a/d"))) + "[error]\n"),
        CLOUD + 'the fields below "/a" must stand together, and before'),
    "a part of the URL in a revocation": (change('[error]\n', '[[revoke.oauth.parameter]]\nname = "p"\nwhere = "url"\ncharset = "-"\nhelp = "x"\n\n[error]\n'), "[revoke.oauth]: "
                                          "the path of a revocation has no parameters"),
    "no phrase": (change('used = ["sent before"]', 'used = []'), '[error]: "used" is empty'),
    "required, and with the one before": (change("with_previous = true", "with_previous = true\nrequired = true"),
                                          "[protocol.cloud.parameter.role-type]: what goes out only with the parameter before it is never required"),
    "an unknown key of a parameter": (change('help = "role"', 'help = "role"\ncharsets = "x"'), "[protocol.cloud.parameter.role-arn]: "
                                      'the key "charsets" is not known (did you mean "charset"?)'),
    "more beside the subject": (change('use = "subject"', 'use = "subject"\nmax = 4'), "[protocol.plain.parameter.subject]: "
                                'use = "subject" stands alone'),
    "parameters that are no tables": (re.sub(r"\[\[protocol\.cloud.*(?=\[error\])", "", flags=re.S,
                                             string=change('notes = "It is', 'parameter = ["scope"]\nnotes = "It is')), CLOUD + '"parameter" must be a list of tables, [[...]]'),
    # protocols
    "a body in a GET": (change('method = "POST", body = "form"', 'method = "GET", body = "form"'), "[protocol.plain.request]: "
                        '"method" is GET, and "body" is "form": GET has none, POST has one'),
    "a field of the body in a GET": (change('method = "POST", body = "form"', 'method = "GET", body = "none"'), "[protocol.plain]: "
                                     'the parameter "grant_type" has where = "body", and the request has none'),
    "a name beside bearer": (change('where = "bearer"', 'where = "bearer", name = "x"'), '[protocol.cloud.subject]: "name" is not for "bearer"'),
    "a subject without a name": (change(SUBJECT, 'subject = { where = "body" }'), '[protocol.plain.subject]: the key "name" is missing'),
    "a subject in the URL": (change(SUBJECT, 'subject = { where = "url", name = "x" }'), '[protocol.plain.subject]: '
                             '"where" is "url", and may be bearer, header, body, query'),
    "a variable of the subject that is none": (change("CLOUD_TOKEN_FILE", "a"), '[protocol.cloud.subject]: "variable" is "a", which does not'),
    "two credentials in one header": (change('notes = "It is', 'flags = ["client-auth"]\nnotes = "It is'), CLOUD +
                                      '"flags" has "client-auth", and the subject token is in the Authorization header already'),
    "an unknown flag": (change('["any-parameter"]', '["any-param"]'), '[protocol.plain]: "flags" has "any-param", and may have any-parameter'),
    "no expires": (change('["aws-credentials", "expires"]', '["aws-credentials"]'), CLOUD + '"write" must have "expires", and one of "token" and'),
    "two kinds of tokens": (change('["aws-credentials", "expires"]', '["aws-credentials", "token", "expires"]'), CLOUD +
                            '"write" must have "expires"'),
    "credentials that are not in the answer": (change('key_id = "/id", secret = "/secret", ', ""), CLOUD +
                                               '"write" has "aws-credentials" where the answer has it, and only there'),
    "a thumbprint that is not written": (change('key_id = "/id"', 'thumbprint = "/t", key_id = "/id"'), CLOUD +
                                         '"write" has "thumbprint" where the answer has it, and only there'),
    "half of the credentials": (change(', secret = "/secret"', ""), '[protocol.cloud.answer]: "key_id" and "secret" go together'),
    "a pointer that is none": (change('token = "/token"', 'token = "token"'), '[protocol.cloud.answer]: "token" is "token", which does not match'),
    "no token in the answer": (change('token = "/token", ', ""), '[protocol.cloud.answer]: the key "token" is missing'),
    "a name that is too long": (GOOD.replace("protocol.cloud", "protocol.a-cloud-that-is-far"), "[protocol.a-cloud-that-is-far]: "
                                "the name has 19 characters, and may have 17"),
    "a name that cannot be said to --protocol": (GOOD.replace("protocol.cloud", "protocol.Cloud"), '[protocol]: "Cloud" cannot be the name of a row'),
    "no summary": (change('summary = "a cloud"\n', ""), CLOUD + 'the key "summary" is missing'),
    "a summary that is too long": (change('summary = "a cloud"', f'summary = "{"a" * 81}"'),
                                   CLOUD + '"summary" has 81 characters, and may have 80'),
    "nothing about it": (change('about = "For a plain one."\n', ""), '[protocol.plain]: the key "about" is missing'),
    "an empty example": (change('example = "--url https://sts.example/"', 'example = ""'), '[protocol.plain]: "example" is empty'),
    "a section in a section": (change('"For a plain one."', '"""\nFor a plain one.\n## more\n"""'), '[protocol.plain]: '
                               'a line of "about" begins a section or a comment of the page'),
    "a page that is not ASCII": (change('"For a plain one."', '"For caf\u00e9s."'), '[protocol.plain]: a line of "about" has the character U+00E9'),
    "no protocol": (re.sub(r"\[protocol\.plain\].*(?=\[revoke\.)", "[protocol]\n", GOOD, flags=re.S), '[shared.answer.oauth]: no answer says use'),
    "nothing at all": ("[shared]\n[protocol]\n[revoke]\n[error]\n", "there is no [protocol.NAME]"),
    "another table": (GOOD + "[protocols.x]\n", 'the key "protocols" is not known (did you mean "protocol"?)'),
    "another shared table": (GOOD + "[shared.subject.x]\n", '[shared]: the key "subject" is not known'),
    # error codes
    "a code of two services": (change('"InvalidToken"', '"access_denied"'), "[error.codes.cloud]: "
                               'the code "access_denied" is that of [error.codes.oauth] as well'),
    "a code with two meanings": (change('"invalid_request", ', '"server_error", '), "[error.codes.oauth]: "
                                 'the code "server_error" is in two of its lists'),
    "a code that cannot be one": (change('"InvalidToken"', '"Invalid token"'), '[error.codes.cloud]: "Invalid token" cannot be a code'),
    "a code that is too long": (change('"InvalidToken"', f'"{"a" * 32}"'), '[error.codes.cloud]: an element of "unauthorized" has 32 characters'),
    "an unknown list of codes": (change("unauthorized =", "denied ="), '[error.codes.cloud]: the key "denied" is not known'),
    "a place of errors that is none": (change('["/message"]', '["message"]'), '[error]: "message_at" has "message", which is not a JSON pointer'),
    "no place of errors": (change('["/message"]', "[]"), '[error]: "message_at" is empty'),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_row_and_reason(refused, mistake):
    text, message = MISTAKES[mistake]
    assert refused(text).startswith("protocols.toml: " + message)


def test_too_many_different_parameters(read):
    more = "".join(f'[[protocol.p{i}.parameter]]\nname = "n{i}-{j}"\nwhere = "body"\nhelp = "x"\n' for i in range(12) for j in range(10))
    for i in range(12):
        head = GOOD[GOOD.index("[protocol.plain]"):GOOD.index("[[protocol.plain")].replace("plain", f"p{i}")
        more = more.replace(f"[[protocol.p{i}.", head + f"[[protocol.p{i}.", 1)
    with pytest.raises(TableError, match="^protocols.toml: there are 131 different parameters, and may be 127$"):
        read(GOOD + more)


def test_c(read, tmp_path):
    read(GOOD)
    text = protocols.c_files(tmp_path / "protocols.toml")["protocol_table.h"]
    entries = re.search(r"parameters\[\] = \{\n(.*?)\};", text, re.S)[1].splitlines()
    assert len(entries) == 3 + 7 + 1 and "\t{STS_SOURCE_FIXED, STS_PLACE_BODY, STS_KIND_TEXT, 0, 0, 0, {" in entries[0]
    assert "{STS_SOURCE_USER, STS_PLACE_URL, STS_KIND_TEXT, 0, 2, 10, {" in text
    assert re.search(r"\{STS_BODY_FORM, STS_PROTOCOL_ANY_PARAMETER, STS_EXPIRY_LIFETIME, STS_WRITE_TOKEN \| STS_WRITE_EXPIRES, STS_USE_UNKNOWN, 2, 0, "
                     r"\{[0-9, ]+\}, \{1, 2, 3\}\},", text)
    assert "STS_EXPIRY_ABSOLUTE, STS_WRITE_AWS_CREDENTIALS | STS_WRITE_EXPIRES, STS_USE_UNKNOWN, 2, 3600, {" in text
    assert text.count('"/token\\0"') == 1
    assert '" server_error " "\\0"\n\t" InvalidToken " "\\0"\n\t" " "\\0"\n\t" WrongRegion " "\\0"\n\t" invalid_request access_denied ";' in text


def test_equal_parameters_are_packed_once(read, tmp_path):
    """Also where one protocol requires what another does not, or the page says more."""
    read(GOOD.replace('kind = "list"\ndefault = "all"\n', 'note = "more"\nrequired = true\n'))
    text = protocols.c_files(tmp_path / "protocols.toml")["protocol_table.h"]
    assert text.count("/* scope */") == 1
    assert re.search(r", \{4, REQUIRED \| 5, 6, REQUIRED \| 3, REQUIRED \| 7, 8, 9\}\},", text)


SECTION = """## cloud

For the cloud.

| a | b |

    sts-sidecar run --protocol cloud \\
        --param region=x

| parameter | needed | default | variable | |
|---|---|---|---|---|
| `region` | yes | | `CLOUD_REGION` | where it is; letters, digits and `-` only |
| `mount` | | `jwt` | | path of the method; it may have `/`; 2 to 10 bytes; looks like `j*`; letters, digits and `/` only |
| `scope` | | `all` | | rights (`--scope`); repeatable |
| `role-arn` | | `arn` | `CLOUD_ROLE` | role; sent as `RoleArn` |
| `role-type` | | | | its type; goes only with `role-arn` |
| `seconds` | | | | how long; 1 to 3600 and an `s` |

Whether a subject token may be sent again is learnt (`--subject-use`). Written: `expires` and `aws-credentials`. Where nothing says how long the token lives, it is taken to be 3600 s. \
`CLOUD_TOKEN_FILE` names the file of the subject token where `--token-file` is not given.

It is far away.
"""


def test_a_section_of_the_page(read):
    table = read(GOOD)
    assert "\n".join(protocol_pages.section(table.protocols[1])) == SECTION
    assert "Further parameters are sent as they are. Whether a subject token may be sent again is learnt (`--subject-use`). Written: `token.jwt` and `expires`." in protocol_pages.section(table.protocols[0])
    assert protocol_pages.summary_block(table) == "| | |\n|---|---|\n| `plain` | a plain one |\n| `cloud` | a cloud |\n"
    assert protocol_pages.codes_block(table).splitlines()[2:] == [
        "| oauth | `server_error` | | | | `invalid_request`, `access_denied` |", "| cloud | | `InvalidToken` | | `WrongRegion` | |"]


# What stands in the tree

def test_every_key_is_explained():
    """The top of the file explains each key, since readers look there first."""
    text = (TOP / protocols.SOURCE).read_text()
    explained = text[:text.index("\n[")]

    def keys_of(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key
                yield from keys_of(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from keys_of(inner)
    file = tomllib.loads(text)
    names = {*file["protocol"], *file["shared"]["parameter"], *file["shared"]["answer"], *file["error"]["codes"]}
    used = set(keys_of(file)) - names
    assert len(used) > 40
    assert [key for key in used if not re.search(rf"\b{key}\b", explained)] == []


def test_the_header_names_every_word():
    text = (TOP / protocols.SOURCE).read_text()
    explained = text[:text.index("\n[")]
    for words in (protocols.BODIES, protocols.PLACES, protocols.KINDS, protocols.EXPIRIES, protocols.FLAGS, protocols.FILES):
        assert [word for word in words if f'"{word}"' not in explained] == []
