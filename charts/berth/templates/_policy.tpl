{{/* The parts that all validating policies have alike. Each takes root and name. */}}

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

{{- define "berth.policy.notTheOperator" -}}
- {name: not-the-operator, expression: "!({{ include "berth.cel.operator" . }})"}
{{- end }}
