{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{- define "sts-sidecar.labels" -}}
app.kubernetes.io/name: sts-sidecar
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "sts-sidecar.image" -}}
{{- $repository := required "image.repository is missing: set it to the repository of your image, such as registry.example.com/sts-sidecar" .Values.image.repository }}
{{- $digest := required "image.digest is missing: set it to the digest of your image, sha256:..., since a tag may lead to another image tomorrow" .Values.image.digest }}
{{- printf "%s@%s" $repository $digest }}
{{- end }}

{{- define "sts-sidecar.suffix" -}}
{{- with .Values.revision }}-{{ . }}{{ end }}
{{- end }}

{{- define "sts-sidecar.revision" -}}
{{- .Values.revision | default .Chart.AppVersion }}
{{- end }}

{{/* The pull secrets as a list in CEL. */}}
{{- define "sts-sidecar.pullSecrets" -}}
{{- $quoted := list }}
{{- range .Values.image.pullSecrets }}{{ $quoted = append $quoted (printf "'%s'" .) }}{{ end }}
{{- printf "[%s]" (join ", " $quoted) }}
{{- end }}

{{/* Namespaces in which no Pod gets the sidecar. It takes a list: the root, and a further namespace. */}}
{{- define "sts-sidecar.excluded" -}}
{{- $root := first . }}
{{- concat (list "kube-system" "kube-public" "kube-node-lease" $root.Release.Namespace) (rest .) $root.Values.excludedNamespaces | uniq | toJson }}
{{- end }}

{{/* A manifest of files/ with the labels of the release. */}}
{{- define "sts-sidecar.monitoring" -}}
{{- $own := "labels: {app.kubernetes.io/name: sts-sidecar, app.kubernetes.io/component: monitoring}" }}
{{- $labels := merge (fromYaml (include "sts-sidecar.labels" .root)) .root.Values.monitoring.labels (dict "app.kubernetes.io/component" "monitoring") }}
{{- if not (contains $own .text) }}{{ fail "the labels of a file of deploy/monitoring have changed: adapt templates/_helpers.tpl" }}{{ end }}
{{- .text | replace $own (printf "labels: %s" ($labels | toJson)) | replace "https://sts-sidecar.io/docs/" .root.Values.monitoring.docs }}
{{- end }}
