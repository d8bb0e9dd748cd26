/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/json.h"

#include <string.h>

#include "doctor/facts.h"

static void add_line(const char *key, const char *words, struct sts_text *out)
{
	sts_text_addf(out, ",\"%s\":", key);
	sts_text_add_json_string(out, (struct sts_slice){words, strcspn(words, "\t")});
}

static void add_gate(const struct sts_case *c, const struct sts_diagnosis *d, enum sts_gate gate,
		     struct sts_text *out)
{
	enum sts_mark worst = (enum sts_mark)d->marks[gate], mark;
	bool has_message = false, has_hint = worst != STS_MARK_FAIL;
	const char *at = NULL, *words;
	enum sts_gate of;

	sts_text_addf(out, "%s{\"gate\":\"%s\",\"result\":\"%s\",\"facts\":{", gate ? "," : "",
		      sts_gate_name(gate), sts_text_at("skip\0skip\0ok\0warn\0fail", worst));
	if (worst != STS_MARK_NONE)
		sts_facts_json(c, gate, out);
	sts_text_add_char(out, '}');
	if (worst == STS_MARK_FAIL)
		add_line("error", sts_error_info((enum sts_err)d->errors[gate]).name, out);
	while ((words = sts_diagnosis_next(d, &at, &of, &mark))) {
		if (of != gate)
			continue;
		if (mark == worst && !has_message) {
			add_line("message", words, out);
			has_message = true;
		} else if (mark == STS_MARK_MORE && !has_hint) {
			add_line("hint", words, out);
			has_hint = true;
		}
	}
	sts_text_add_char(out, '}');
}

void sts_doctor_json(const struct sts_case *c, const struct sts_diagnosis *d, const char *name,
		     struct sts_text *out)
{
	sts_text_addf(out, "{\"name\":\"%s\",\"gates\":[", name);
	for (int gate = 0; gate < STS_GATE__COUNT; gate++)
		add_gate(c, d, (enum sts_gate)gate, out);
	sts_text_addf(out, "]}");
}
