{{/*
CEL expressions that several policies share. They may not fail at run time: an error in a policy with
failurePolicy Fail refuses the request, so every optional field is read with `.?`.
*/}}

{{- define "berth.cel.operator" -}}
request.userInfo.username == 'system:serviceaccount:{{ .Release.Namespace }}:berth-operator'
{{- end }}

{{/*
Pods of DaemonSets and static pods belong to their node and cannot wait for admission. They are known
by who asks, which nobody can forge, and never by an owner reference, which everybody can write.
*/}}
{{- define "berth.cel.nodeBound" -}}
(request.userInfo.username == 'system:serviceaccount:kube-system:daemon-set-controller' || (request.userInfo.username.startsWith('system:node:') && 'system:nodes' in request.userInfo.groups))
{{- end }}

{{/* True if a container, sidecar or init container asks for more than zero of an accelerator. */}}
{{- define "berth.cel.usesAccelerators" -}}
{{ include "berth.cel.containers" . }}.exists(c, {{ include "berth.cel.accelerators" . }}.exists(r, [c.?resources.?limits[?r], c.?resources.?requests[?r]].exists(q, q.hasValue() && sign(quantity(string(q.value()))) == 1)))
{{- end }}

{{/* True if one asks for a class of devices by a resource's name. */}}
{{- define "berth.cel.usesDeviceClasses" -}}
{{ include "berth.cel.containers" . }}.exists(c, c.?resources.?limits.orValue({}).exists(r, r.startsWith('deviceclass.resource.kubernetes.io/')))
{{- end }}

{{/* dyn: to the API server's type checker the two lists are of different types. */}}
{{- define "berth.cel.containers" -}}
(dyn(object.spec.containers) + dyn(object.spec.?initContainers.orValue([])))
{{- end }}

{{- define "berth.cel.accelerators" -}}
[{{ range $i, $name := .Values.accelerators }}{{ if $i }}, {{ end }}'{{ $name }}'{{ end }}]
{{- end }}

{{- define "berth.cel.isGated" -}}
{{ . }}.spec.?schedulingGates.orValue([]).exists(g, g.name == 'berth.dev/admission')
{{- end }}

{{/* The terms of the node affinity that a pod requires. */}}
{{- define "berth.cel.terms" -}}
{{ . }}.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])
{{- end }}

{{/*
True if no entry of labels or annotations (`name`) was set, changed or removed, but for the keys k of which
`but` holds. For updates, and for creations too where `variables`: those of berth.cel.metadata.
*/}}
{{- define "berth.cel.unchanged" -}}
{{- $new := printf "object.metadata.?%s.orValue({})" .name -}}
{{- $old := printf "oldObject.metadata.?%s.orValue({})" .name -}}
{{- if .variables }}
{{- $new = printf "variables.%s" .name -}}
{{- $old = printf "variables.old%s" (title .name) -}}
{{- end -}}
{{ $new }}.all(k, {{ .but }} || {{ $old }}[?k] == {{ $new }}[?k]) && {{ $old }}.all(k, {{ .but }} || k in {{ $new }})
{{- end }}

{{/* The labels and annotations of a request, new and old, as policies' variables; none is old at creation. */}}
{{- define "berth.cel.metadata" -}}
- {name: creating, expression: request.operation == 'CREATE'}
{{- range list "labels" "annotations" }}
- {name: {{ . }}, expression: "object.metadata.?{{ . }}.orValue({})"}
- name: old{{ title . }}
  expression: "variables.creating ? {} : oldObject.metadata.?{{ . }}.orValue({})"
{{- end }}
{{- end }}

{{/* The namespaces that a policy looks at: those with a Quota, those without, or all but the exempt. */}}
{{- define "berth.namespaceSelector" -}}
matchExpressions:
  - {key: kubernetes.io/metadata.name, operator: NotIn, values: {{ include "berth.exemptNamespaces" .root }}}
  {{- with .quota }}
  - {key: berth.dev/quota, operator: {{ . }}}
  {{- end }}
{{- end }}
