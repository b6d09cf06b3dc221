package cluster

import (
	"math"
	"strings"
	"sync"
)

// ruled are fields, each as TYPE.FIELD, that have a rule.
type ruled struct {
	rule   apiRule
	fields string
}

// fieldRules returns the rules for fields, by "TYPE.FIELD".
var fieldRules = sync.OnceValue(func() map[string]apiRule {
	all := map[string]apiRule{}
	for _, r := range ruledFields {
		for field := range strings.FieldsSeq(r.fields) {
			all[field] = r.rule
		}
	}
	return all
})

// ruledFields are in the order of the names of the first fields.
var ruledFields = []ruled{
	{atLeast(0), `apps.DaemonSetSpec.minReadySeconds apps.DaemonSetSpec.revisionHistoryLimit apps.DeploymentSpec.minReadySeconds
		apps.DeploymentSpec.progressDeadlineSeconds apps.DeploymentSpec.replicas apps.DeploymentSpec.revisionHistoryLimit
		apps.ReplicaSetSpec.minReadySeconds apps.ReplicaSetSpec.replicas apps.StatefulSetSpec.minReadySeconds
		apps.StatefulSetSpec.replicas apps.StatefulSetSpec.revisionHistoryLimit batch.CronJobSpec.failedJobsHistoryLimit
		batch.CronJobSpec.startingDeadlineSeconds batch.CronJobSpec.successfulJobsHistoryLimit batch.JobSpec.activeDeadlineSeconds
		batch.JobSpec.backoffLimit batch.JobSpec.backoffLimitPerIndex batch.JobSpec.completions batch.JobSpec.parallelism
		batch.JobSpec.ttlSecondsAfterFinished core.Probe.failureThreshold core.Probe.initialDelaySeconds core.Probe.periodSeconds
		core.Probe.successThreshold core.Probe.timeoutSeconds`},
	{enum("RollingUpdate", "OnDelete"), "apps.DaemonSetUpdateStrategy.type apps.StatefulSetUpdateStrategy.type"},
	{enum("Recreate", "RollingUpdate"), "apps.DeploymentStrategy.type"},
	{enum("Retain", "Delete"), `apps.StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted
		apps.StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled storage.StorageClass.reclaimPolicy`},
	{enum("OrderedReady", "Parallel"), "apps.StatefulSetSpec.podManagementPolicy"},
	{atLeast(1), `autoscaling.HorizontalPodAutoscalerSpec.maxReplicas autoscaling.HorizontalPodAutoscalerSpec.minReplicas
		core.TopologySpreadConstraint.maxSkew`},
	{enum("ContainerResource", "External", "Object", "Pods", "Resource"), "autoscaling.MetricSpec.type"},
	{enum("Utilization", "Value", "AverageValue"), "autoscaling.MetricTarget.type"},
	{enum("Allow", "Forbid", "Replace"), "batch.CronJobSpec.concurrencyPolicy"},
	{scheduleRule, "batch.CronJobSpec.schedule"},
	{enum("NonIndexed", "Indexed"), "batch.JobSpec.completionMode"},
	{between(0, maxIndexed), "batch.JobSpec.maxFailedIndexes"},
	{enum("Failed", "TerminatingOrFailed"), "batch.JobSpec.podReplacementPolicy"},
	{enum("In", "NotIn"), "batch.PodFailurePolicyOnExitCodesRequirement.operator"},
	{enum("FailJob", "FailIndex", "Ignore", "Count"), "batch.PodFailurePolicyRule.action"},
	{pairs(configKeyRule, nil), "core.ConfigMap.binaryData core.ConfigMap.data core.Secret.data core.Secret.stringData"},
	{configKeyRule, "core.ConfigMapKeySelector.key core.KeyToPath.key core.SecretKeySelector.key"},
	{modeRule, "core.ConfigMapVolumeSource.defaultMode core.KeyToPath.mode core.SecretVolumeSource.defaultMode"},
	{enum("Always", "IfNotPresent", "Never"), "core.Container.imagePullPolicy"},
	{oneSuccess, "core.Container.livenessProbe core.Container.startupProbe"},
	{unique("name"), "core.Container.ports core.PodSpec.volumes core.ServiceSpec.ports"},
	{enum("File", "FallbackToLogsOnError"), "core.Container.terminationMessagePolicy"},
	{unique("devicePath"), "core.Container.volumeDevices"},
	{unique("mountPath"), "core.Container.volumeMounts"},
	{portRule, "core.ContainerPort.containerPort core.GRPCAction.port core.ServicePort.port networking.ServiceBackendPort.number"},
	{ipRule, "core.ContainerPort.hostIP core.HostAlias.ip"},
	{between(0, 65535), "core.ContainerPort.hostPort"},
	{portNameRule, "core.ContainerPort.name"},
	{enum("TCP", "UDP", "SCTP"), "core.ContainerPort.protocol core.ServicePort.protocol networking.NetworkPolicyPort.protocol"},
	{form(func(s string) bool { return envName().MatchString(s) }, "printable ASCII without '='"), "core.EnvVar.name"},
	{quantityRule, "core.EmptyDirVolumeSource.sizeLimit"},
	{filled, "core.ExecAction.command"},
	{portOrName, "core.HTTPGetAction.port core.ServicePort.targetPort core.TCPSocketAction.port"},
	{enum("HTTP", "HTTPS"), "core.HTTPGetAction.scheme"},
	{each(subdomainText), "core.HostAlias.hostnames"},
	{form(func(s string) bool { return !hasDots(s) }, "a path without \"..\""), "core.HostPathVolumeSource.path"},
	{enum("DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"), "core.HostPathVolumeSource.type"},
	{relativeRule, "core.KeyToPath.path core.VolumeMount.subPath core.VolumeMount.subPathExpr"},
	{enum("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"), "core.NodeSelectorRequirement.operator"},
	{form(func(s string) bool { return fieldPaths().MatchString(s) }, "a field of the pod such as metadata.name, metadata.labels['app'] or status.podIP"), `core.ObjectFieldSelector.fieldPath`},
	{each(enum("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")), `core.PersistentVolumeClaimSpec.accessModes
		core.PersistentVolumeSpec.accessModes`},
	{enum("Filesystem", "Block"), "core.PersistentVolumeClaimSpec.volumeMode core.PersistentVolumeSpec.volumeMode"},
	{enum("Retain", "Recycle", "Delete"), "core.PersistentVolumeSpec.persistentVolumeReclaimPolicy"},
	{userRule, `core.PodSecurityContext.fsGroup core.PodSecurityContext.runAsGroup core.PodSecurityContext.runAsUser
		core.SecurityContext.runAsGroup core.SecurityContext.runAsUser`},
	{enum("Always", "OnRootMismatch"), "core.PodSecurityContext.fsGroupChangePolicy"},
	{between(1, math.MaxInt32), "core.PodSpec.activeDeadlineSeconds"},
	{enum("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"), "core.PodSpec.dnsPolicy"},
	{labelNameRule, "core.PodSpec.hostname core.PodSpec.subdomain core.ServicePort.name meta.ObjectMeta.namespace"},
	{labelsRule, "core.PodSpec.nodeSelector core.ServiceSpec.selector meta.LabelSelector.matchLabels meta.ObjectMeta.labels"},
	{enum("PreemptLowerPriority", "Never"), "core.PodSpec.preemptionPolicy"},
	{subdomainText, "core.PodSpec.priorityClassName core.PodSpec.serviceAccountName core.ServiceSpec.externalName"},
	{enum("Always", "OnFailure", "Never"), "core.PodSpec.restartPolicy"},
	{between(1, 100), "core.PreferredSchedulingTerm.weight core.WeightedPodAffinityTerm.weight"},
	{resourceRule, "core.ResourceRequirements.limits core.ResourceRequirements.requests core.VolumeResourceRequirements.requests"},
	{enum("RuntimeDefault", "Unconfined", "Localhost"), "core.SeccompProfile.type"},
	{enum("Default", "Unmasked"), "core.SecurityContext.procMount"},
	{nodePortRule, "core.ServicePort.nodePort"},
	{form(func(s string) bool { return s == "None" || isIP(s) }, "None or an IP address"), "core.ServiceSpec.clusterIP"},
	{enum("Cluster", "Local"), "core.ServiceSpec.externalTrafficPolicy core.ServiceSpec.internalTrafficPolicy"},
	{enum("SingleStack", "PreferDualStack", "RequireDualStack"), "core.ServiceSpec.ipFamilyPolicy"},
	{enum("ClientIP", "None"), "core.ServiceSpec.sessionAffinity"},
	{enum("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"), "core.ServiceSpec.type"},
	{enum("NoSchedule", "PreferNoSchedule", "NoExecute"), "core.Toleration.effect"},
	{labelKeyRule, "core.Toleration.key meta.LabelSelectorRequirement.key"},
	{enum("Equal", "Exists"), "core.Toleration.operator"},
	{enum("Honor", "Ignore"), "core.TopologySpreadConstraint.nodeAffinityPolicy core.TopologySpreadConstraint.nodeTaintsPolicy"},
	{enum("DoNotSchedule", "ScheduleAnyway"), "core.TopologySpreadConstraint.whenUnsatisfiable"},
	{enum("None", "HostToContainer", "Bidirectional"), "core.VolumeMount.mountPropagation"},
	{enum("Disabled", "IfPossible", "Enabled"), "core.VolumeMount.recursiveReadOnly"},
	{enum("In", "NotIn", "Exists", "DoesNotExist"), "meta.LabelSelectorRequirement.operator"},
	{pairs(annotationRule, nil), "meta.ObjectMeta.annotations"},
	{enum("Exact", "Prefix", "ImplementationSpecific"), "networking.HTTPIngressPath.pathType"},
	{each(enum("Ingress", "Egress")), "networking.NetworkPolicySpec.policyTypes"},
	{enum("IfHealthyBudget", "AlwaysAllow"), "policy.PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy"},
	{enum("Role", "ClusterRole"), "rbac.RoleRef.kind"},
	{enum("ServiceAccount", "User", "Group"), "rbac.Subject.kind"},
	{enum("Immediate", "WaitForFirstConsumer"), "storage.StorageClass.volumeBindingMode"},
}

// typeRules are the rules for whole mappings, by type.
var typeRules = map[string][]apiRule{
	"apps.DeploymentStrategy":                 {recreateRule},
	"autoscaling.CrossVersionObjectReference": {want("kind", "name", "apiVersion")},
	"autoscaling.HorizontalPodAutoscalerSpec": {want("scaleTargetRef", "maxReplicas"), scaleRule},
	"batch.CronJobSpec":                       {want("schedule", "jobTemplate")},
	"batch.JobSpec":                           {jobRule},
	"core.ConfigMap":                          {twoMaps("data", "binaryData")},
	"core.ConfigMapEnvSource":                 {want("name")},
	"core.ConfigMapKeySelector":               {want("name", "key")},
	"core.ConfigMapVolumeSource":              {want("name")},
	"core.ContainerPort":                      {want("containerPort")},
	"core.EnvFromSource":                      {oneField(1, "configMapRef", "secretRef")},
	"core.EnvVar":                             {want("name"), oneField(0, "value", "valueFrom")},
	"core.EnvVarSource":                       {oneField(1, "fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")},
	"core.ExecAction":                         {want("command")},
	"core.HTTPGetAction":                      {want("port")},
	"core.HostAlias":                          {want("ip")},
	"core.HostPathVolumeSource":               {want("path")},
	"core.KeyToPath":                          {want("key", "path")},
	"core.LifecycleHandler":                   {oneField(1, "exec", "httpGet", "tcpSocket", "sleep")},
	"core.NFSVolumeSource":                    {want("server", "path")},
	"core.NodeSelector":                       {want("nodeSelectorTerms")},
	"core.NodeSelectorRequirement":            {want("key", "operator")},
	"core.ObjectFieldSelector":                {want("fieldPath")},
	"core.PersistentVolumeClaimSpec":          {want("accessModes"), claimRule},
	"core.PersistentVolumeClaimVolumeSource":  {want("claimName")},
	"core.PersistentVolumeSpec":               {want("accessModes", "capacity"), volumeSources(1)},
	"core.PodAffinityTerm":                    {want("topologyKey")},
	"core.PodSpec":                            {want("containers"), containerNames, initProbes},
	"core.Probe":                              {oneField(1, "exec", "httpGet", "tcpSocket", "grpc")},
	"core.ResourceRequirements":               {limitsRule},
	"core.Secret":                             {secretRule},
	"core.SecretEnvSource":                    {want("name")},
	"core.SecretKeySelector":                  {want("name", "key")},
	"core.SecretVolumeSource":                 {want("secretName")},
	"core.ServicePort":                        {want("port")},
	"core.ServiceSpec":                        {serviceRule},
	"core.TCPSocketAction":                    {want("port")},
	"core.Toleration":                         {tolerationRule},
	"core.TopologySpreadConstraint":           {want("maxSkew", "topologyKey", "whenUnsatisfiable")},
	"core.Volume":                             {want("name"), volumeSources(0)},
	"core.VolumeMount":                        {want("name", "mountPath"), oneField(0, "subPath", "subPathExpr")},
	"meta.LabelSelectorRequirement":           {want("key", "operator"), selectorValues},
	"networking.HTTPIngressPath":              {want("pathType", "backend")},
	"policy.PodDisruptionBudgetSpec":          {oneField(0, "minAvailable", "maxUnavailable")},
	"rbac.PolicyRule":                         {want("verbs")},
	"rbac.RoleBinding":                        {want("roleRef")},
	"rbac.RoleRef":                            {want("kind", "name")},
	"rbac.Subject":                            {want("kind", "name")},
	"storage.StorageClass":                    {want("provisioner")},
}
