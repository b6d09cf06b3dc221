package cluster

import (
	"strings"
	"testing"
)

const ruledManifests = `apiVersion: apps/v1
kind: Deployment
metadata: {name: d, labels: {example.org/a: b}, annotations: {a: b c}}
spec:
  replicas: 1
  strategy: {type: Recreate}
  selector: {matchExpressions: [{key: app, operator: In, values: [d, e]}]}
  template:
    metadata: {labels: {app: d}}
    spec:
      dnsPolicy: Default
      containers:
        - name: c
          image: c:1
          imagePullPolicy: Never
          ports: [{name: http, containerPort: 80, protocol: UDP}, {name: https, containerPort: 443}]
          env: [{name: A.B, value: x}, {name: C, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}]
          livenessProbe: {httpGet: {port: http}, periodSeconds: 1}
          resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: 1, memory: 1100Mi}}
          volumeMounts: [{name: v, mountPath: /v, subPath: a}]
      volumes:
        - {name: v, emptyDir: {}}
        - {name: w, hostPath: {path: /w, type: Directory}}
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec:
  type: NodePort
  sessionAffinity: ClientIP
  selector: {app: d}
  ports: [{name: a, port: 80, targetPort: http, nodePort: 30000}, {name: b, port: 443}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: night}
spec:
  schedule: "*/5 0-6 * jan mon,fri"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      completionMode: Indexed
      completions: 1e2
      parallelism: 3.0
      backoffLimit: 4
      template:
        spec: {restartPolicy: Never, containers: [{name: c, image: "c:1"}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: st}
spec:
  selector: {matchLabels: {app: st}}
  serviceName: st
  podManagementPolicy: Parallel
  updateStrategy: {type: OnDelete}
  template:
    metadata: {labels: {app: st}}
    spec: {containers: [{name: c, image: "c:1", volumeMounts: [{name: claim, mountPath: /c}]}]}
  volumeClaimTemplates:
    - metadata: {name: claim}
      spec: {accessModes: [ReadWriteOnce], volumeMode: Block, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ConfigMapList
items: [{metadata: {name: m}, data: {a.b_C-d: x}}]
`

func TestRules(t *testing.T) {
	if got := CheckKubernetes([]byte(ruledManifests)); len(got) > 0 {
		t.Fatalf("got\n%s", shownProblems(got))
	}
	for _, test := range []struct{ old, instead, want string }{
		{"imagePullPolicy: Never", "imagePullPolicy: Sometimes", `imagePullPolicy: "Sometimes" is refused: want Always, IfNotPresent, Never`},
		{"protocol: UDP", "protocol: udp", `protocol: "udp" is refused`},
		{"type: NodePort", "type: Nodeport", `did you mean "NodePort"?`},
		{"sessionAffinity: ClientIP", "sessionAffinity: IP", `sessionAffinity: "IP" is refused`},
		{"restartPolicy: Never", "restartPolicy: Nevr", `restartPolicy: "Nevr" is refused`},
		{"dnsPolicy: Default", "restartPolicy: OnFailure", "restartPolicy: OnFailure is for Jobs"},
		{"completionMode: Indexed", "completionMode: Index", `completionMode: "Index" is refused`},
		{"type: Recreate", "type: Rolling", `strategy.type: "Rolling" is refused`},
		{"type: Recreate", "type: Recreate, rollingUpdate: {}", "rollingUpdate is for the type RollingUpdate"},
		{"type: OnDelete", "type: Never", `updateStrategy.type: "Never" is refused`},
		{"podManagementPolicy: Parallel", "podManagementPolicy: Parallell", `did you mean "Parallel"?`},
		{"concurrencyPolicy: Forbid", "concurrencyPolicy: No", `concurrencyPolicy: `},
		{"ReadWriteOnce", "RWO", `accessModes: "RWO" is refused`},
		{"volumeMode: Block", "volumeMode: Disk", `volumeMode: "Disk" is refused`},
		{"containerPort: 80,", "containerPort: 65536,", "containerPort: 65536 is refused: want 1 to 65535"},
		{"containerPort: 80,", "containerPort: 0,", "want containerPort"},
		{"nodePort: 30000", "nodePort: 99999", "nodePort: 99999 is refused"},
		{"nodePort: 30000", "nodePort: 80", "warning: Service.spec.ports[0].nodePort: 80 is outside of 30000 to 32767"},
		{"type: NodePort", "type: ClusterIP", "nodePort is for the types NodePort and LoadBalancer"},
		{"replicas: 1", "replicas: -1", "replicas: -1 is refused: want at least 0"},
		{"parallelism: 3.0", "parallelism: -3", "parallelism: -3 is refused"},
		{"parallelism: 3.0", "parallelism: 3.5", "parallelism: want a whole number"},
		{"completions: 1e2", "completions: -1", "completions: -1 is refused"},
		{"backoffLimit: 4", "backoffLimit: -4", "backoffLimit: -4 is refused"},
		{"backoffLimit: 4", "backoffLimit: 9999999999", "a number of 32 bits is from -2147483648 to 2147483647"},
		{"dnsPolicy: Default", "dnsPolicy: Default\n      priority: 99999999999", "spec.template.spec.priority: 99999999999 is refused: a number of 32 bits"},
		{"targetPort: http", "targetPort: 99999999999", "targetPort: 99999999999 is refused: a number of 32 bits"},
		{"example.org/a: b", "bad key: b", `labels: "bad key" is refused`},
		{"example.org/a: b", "a: b c", `labels.a: "b c" is refused`},
		{"a: b c", "a b: c", `annotations: "a b" is refused`},
		{"a.b_C-d: x", "a/b: x", `data: "a/b" is refused`},
		{"data: {a.b_C-d: x}", "data: {a: x}, binaryData: {a: eA==}", `the key "a" is in data and in binaryData`},
		{"name: http,", "name: HTTP,", `"HTTP" is refused: want lower-case letters`},
		{"name: https,", "name: http,", `the name "http" is in line 16 already`},
		{"{name: w,", "{name: v,", `the name "v" is in line 22 already`},
		{"subPath: a}", "subPath: a}, {name: w, mountPath: /v}", `the mountPath "/v" is in line 20 already`},
		{"subPath: a", "subPath: /a", "want a relative path"},
		{"          image: c:1\n", "          image: c:1\n        - name: c\n          image: c:2\n", `a container "c" is in line 13 already`},
		{"livenessProbe: {httpGet: {port: http}, ", "livenessProbe: {", "want one of exec, httpGet, tcpSocket, grpc"},
		{"livenessProbe: {", "livenessProbe: {tcpSocket: {port: 1}, ", "want one of tcpSocket and httpGet, not both"},
		{"emptyDir: {}", "emptyDir: {}, hostPath: {path: /a}", "want one of emptyDir and hostPath, not both"},
		{"type: Directory", "type: Dir", `type: "Dir" is refused`},
		{`[{name: c, image: "c:1"}]`, "[]", "want containers"},
		{"image: c:1", `image: ""`, "container c wants an image"},
		{"  ports: [{name: a", "  externalIPs: []\n  #ports: [{name: a", "Service.spec: want ports"},
		{"name: b, ", "", "each of several ports wants a name"},
		{"cpu: 500m", "cpu: 1001m", "requests.cpu is 1001m, and its limit 1"},
		{"memory: 1Gi", "memory: 1.5G", "requests.memory is 1.5G, and its limit 1100Mi"},
		{"cpu: 500m", "memroy: 5", `"memroy" is refused`},
		{"cpu: 500m", "cpu: -1", "want at least 0"},
		{`"*/5 0-6 * jan mon,fri"`, "every day", "want 5 fields"},
		{`"*/5 0-6`, `"60 0-6`, `the minute "60" is not one of 0 to 59`},
		{`"*/5 0-6`, `"*/0 0-6`, `the minute "*/0" is not one of`},
		{"name: A.B", "name: A=B", "printable ASCII"},
		{"metadata.labels['app']", "metadata.bogus", "want a field of the pod"},
		{"{name: claim, mountPath", "{name: clame, mountPath", `mounts the volume "clame"`},
		{"values: [d, e]", "values: [e]", "labels do not match this expression"},
		{"operator: In, values: [d, e]", "operator: DoesNotExist", "labels do not match this expression"},
		{"{name: night}", "{name: " + strings.Repeat("n", 53) + "}", "the name has 53 characters, and Kubernetes takes 52"},
		{"kind: CronJob", "kind: cronjob", `batch/v1 has no kind "cronjob": write kind: CronJob`},
		{"kind: Deployment", "kind: Deploymnt", `did you mean "Deployment"?`},
		{"batch/v1", "batch/v2", "batch/v2 has no kind CronJob: write apiVersion: batch/v1"},
		{"{name: m}", "{name: M_m}", `ConfigMap: the name "M_m" is refused`},
		{"sessionAffinity: ClientIP", "clusterIP: bogus", `want None or an IP address`},
	} {
		if !strings.Contains(ruledManifests, test.old) {
			t.Fatalf("%q is not in the manifests", test.old)
		}
		got := shownProblems(CheckKubernetes([]byte(strings.Replace(ruledManifests, test.old, test.instead, 1))))
		if !strings.Contains(got, test.want) {
			t.Errorf("%q: got %q, want %s", test.instead, got, test.want)
		}
	}
}

// The host name of a Job's pod has the number of the last one, whether or not completions are written.
func TestJobNames(t *testing.T) {
	const job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: NAME}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: \"c:1\"}]}}}\n"
	for length, want := range map[int]string{63: "", 64: "the name has 64 characters"} {
		got := shownProblems(CheckKubernetes([]byte(strings.Replace(job, "NAME", strings.Repeat("j", length), 1))))
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%d letters: got %q, want %q", length, got, want)
		}
	}
}

func TestRulesNameFields(t *testing.T) {
	types := readTypes()
	for name := range fieldRules() {
		last := strings.LastIndexByte(name, '.')
		if types.fields[name[:last]][name[last+1:]] == "" {
			t.Errorf("there is no field %s", name)
		}
	}
	for name := range typeRules {
		if types.fields[name] == nil {
			t.Errorf("there is no type %s", name)
		}
	}
}
