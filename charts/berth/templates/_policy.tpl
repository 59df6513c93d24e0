{{/*
The parts that all validating policies have alike. Each takes root and name.

What a policy costs: for each request that its resource rules select, the API server turns the objects
into maps for the match conditions, and three times more if all of them hold. So resource rules select no
more than they must, what most requests do is told by match conditions, and where these say it all the
validation is `false`. Each condition is evaluated, also after one that does not hold.
*/}}

{{- define "berth.policy.head" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  {{- include "berth.metadata" (set . "component" "admission") | nindent 2 }}
spec:
  failurePolicy: Fail
{{- end }}

{{/* Optional: namespaceSelector as text. */}}
{{- define "berth.policy.binding" -}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  {{- include "berth.metadata" (set . "component" "admission") | nindent 2 }}
spec:
  policyName: {{ .name }}
  validationActions: [Deny]
  {{- with .namespaceSelector }}
  matchResources:
    namespaceSelector:
      {{- . | nindent 6 }}
  {{- end }}
{{- end }}

{{- define "berth.policy.theOperator" -}}
- {name: the-operator, expression: "{{ include "berth.cel.operator" . }}"}
{{- end }}

{{- define "berth.policy.notTheOperator" -}}
- {name: not-the-operator, expression: "!({{ include "berth.cel.operator" . }})"}
{{- end }}

{{- define "berth.policy.askedByAUser" -}}
- {name: asked-by-a-user, expression: "!{{ include "berth.cel.nodeBound" . }}"}
{{- end }}

{{/*
Workers of GpuJobs are created after their admission. By their label they are passed over before the API
server converts them for CEL; berth-authority lets nobody but the operator set it.
*/}}
{{- define "berth.policy.notAWorker" -}}
objectSelector:
  matchExpressions:
    - {key: berth.dev/job, operator: DoesNotExist}
{{- end }}

{{/*
What is of Berth in labels and annotations, under the variables of berth.cel.metadata. The argument says for
which labels k the first rule does not hold.
*/}}
{{- define "berth.policy.ourMetadata" -}}
- expression: >-
    {{ include "berth.cel.unchanged" (dict "variables" true "name" "annotations" "but" "!k.startsWith('berth.dev/')") }}
  message: >-
    metadata.annotations: only Berth's operator sets, changes or removes annotations of
    berth.dev/; leave them out
  reason: Forbidden
- expression: >-
    {{ include "berth.cel.unchanged" (dict "variables" true "name" "labels" "but" (printf "(!k.startsWith('berth.dev/') || %s)" .)) }}
  message: >-
    metadata.labels: labels of berth.dev/ are set by Berth's operator, but for berth.dev/group and
    berth.dev/group-size at the creation of a pod; none of them changes later
  reason: Forbidden
{{- end }}
