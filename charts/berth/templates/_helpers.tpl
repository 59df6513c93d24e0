{{/*
Names are fixed, not derived from the release: the CRDs and policies are cluster-wide, so a cluster
holds one Berth, and docs and alerts can name things. Only the namespace is the user's choice.
*/}}

{{- define "berth.labels" -}}
{{ include "berth.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Never add to these: the selector of a Deployment cannot change on upgrade. */}}
{{- define "berth.selector" -}}
app.kubernetes.io/name: berth
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "berth.metadata" -}}
name: {{ .name }}
{{- if .namespaced }}
namespace: {{ .root.Release.Namespace }}
{{- end }}
labels:
  {{- include "berth.labels" . | nindent 2 }}
{{- end }}

{{- define "berth.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .tag }}
{{- end -}}
{{- end }}

{{/* What the operator is told and the policy compares with. */}}
{{- define "berth.routerImage" -}}
{{ include "berth.image" (dict "image" .Values.router.image "tag" .Chart.AppVersion) }}
{{- end }}

{{/*
The scheduler has to be the cluster's own version. Providers append their build to it
(v1.36.3-gke.1, v1.36.3+k3s1); upstream's image carries none of that.
*/}}
{{- define "berth.clusterVersion" -}}
{{ regexFind "^v[0-9]+[.][0-9]+[.][0-9]+" .Capabilities.KubeVersion.Version }}
{{- end }}

{{- define "berth.exemptNamespaces" -}}
{{ append .Values.exemptNamespaces .Release.Namespace | uniq | toJson }}
{{- end }}

{{- define "berth.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
The account of the pod as kubelet would mount it into every container, for those alone that talk to the
API server. The token is of this pod, which policy berth-fence goes by, and kubelet renews it.
*/}}
{{- define "berth.token" -}}
name: api-access
projected:
  sources:
    - serviceAccountToken: {path: token, expirationSeconds: 3607}
    - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
    - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}

{{- define "berth.tokenMount" -}}
{name: api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}

{{/* What both Deployments say about their pods. Takes root, component and values. */}}
{{- define "berth.pod" -}}
serviceAccountName: berth-{{ .component }}
automountServiceAccountToken: false # berth.token instead
enableServiceLinks: false
priorityClassName: {{ .root.Values.priorityClassName }}
terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds | int64 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "berth.selector" . | nindent 8 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
