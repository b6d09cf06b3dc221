package cluster

import (
	"fmt"
	"strings"
	"testing"
)

const goodManifests = `apiVersion: v1
kind: Service
metadata: {name: server}
spec:
  clusterIP: None
  selector: {app: server}
  ports:
    - port: 12345
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: server}
spec:
  serviceName: server
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      containers:
        - name: server
          image: server:1
          resources: {limits: {memory: 64Mi, cpu: 0.5}}
---
# nothing
---
apiVersion: batch/v1
kind: Job
metadata: {name: client}
spec:
  completionMode: Indexed
  completions: 5
  parallelism: 5
  template:
    spec:
      restartPolicy: OnFailure
      containers:
        - name: client
          image: client:1
          args: ["$(JOB_COMPLETION_INDEX)"]
          env:
            - {name: CLI_MODE, value: "on"}
          volumeMounts:
            - {name: data, mountPath: /data, subPathExpr: "$(JOB_COMPLETION_INDEX)"}
      volumes:
        - {name: data, hostPath: {path: /srv}}
`

func TestGoodManifests(t *testing.T) {
	if got := CheckKubernetes([]byte(goodManifests)); len(got) > 0 {
		t.Errorf("got\n%s", shownProblems(got))
	}
}

func TestBadManifests(t *testing.T) {
	for _, test := range []struct{ old, instead, want string }{
		{"completions: 5", "completion: 5", `31:3: error: Job.spec: Kubernetes does not know the field "completion", did you mean "completions"?`},
		{"restartPolicy: OnFailure", "restartPolicy: OnFailure\n      restartPolicy: Never", `36:7: error: key "restartPolicy" is in line 35 already`},
		{"completions: 5", `completions: "5"`, `31:16: error: Job.spec.completions: want a whole number, not "5"`},
		{`value: "on"`, "value: on", "41:39: error: Job.spec.template.spec.containers[0].env[0].value: want text: put on in quotes"},
		{`value: "on"`, "value: 5", "41:39: error: Job.spec.template.spec.containers[0].env[0].value: want text: put 5 in quotes"},
		{"memory: 64Mi", "memory: 64MB", `22:40: error: StatefulSet.spec.template.spec.containers[0].resources.limits.memory: want a quantity`},
		{"ports:\n    - port: 12345", "ports: {port: 1}", "7:10: error: Service.spec.ports: want a list, not a mapping"},
		{"selector: {app: server}", "selector: [app]", "6:13: error: Service.spec.selector: want a mapping, not a list"},
		{"      restartPolicy: OnFailure\n", "", "34:5: error: Job: the restartPolicy of its pods is Always unless they say"},
		{"restartPolicy: OnFailure", "restartPolicy: Always", "35:22: error: Job: the restartPolicy of its pods is Always"},
		{"parallelism: 5", "parallelism: 100001", "32:16: error: Job: parallelism is 100001, and an Indexed Job takes 100000"},
		{"{name: client}", "{generateName: Client}", `28:26: error: Job: the name "Client" is refused`},
		{"{name: server}", "{name: server, labels: {on: x}}", "3:35: error: Service.metadata.labels: kubectl takes the key on for another value"},
		{"{name: server}", "{name: server, annotations: {1.50: x}}", "3:40: error: Service.metadata.annotations: kubectl takes the key 1.50 for another value"},
		{"image: client:1", "image: client:$$(JOB_COMPLETION_INDEX)", ""},
		{"image: client:1", "image: client:$$$(JOB_COMPLETION_INDEX)", "38:18: error: Job: $(JOB_COMPLETION_INDEX) is the index"},
		{"{name: client}", "{name: Client}", `28:18: error: Job: the name "Client" is refused`},
		{"{name: client}", "{name: " + strings.Repeat("c", 62) + "}", `28:18: error: Job: the host name of its last pod`},
		{"{name: server}", "{name: 1server}", `3:18: error: Service: the name "1server" is refused`},
		{"- name: client", "- name: cli_ent", `37:17: error: Job: container: the name "cli_ent" is refused`},
		{"matchLabels: {app: server}", "matchLabels: {app: other}", "15:28: error: StatefulSet: it selects pods with the label app: other"},
		{"{name: data, mountPath", "{name: date, mountPath", `43:22: error: Job: container client mounts the volume "date", which the pod does not have, did you mean "data"?`},
		{"image: client:1", "image: client", "38:18: warning: Job: container client: the image client is pulled for each pod"},
		{"image: client:1", "image: host:5000/client:latest", "38:18: warning: "},
		{"image: client:1", "image: client:$(JOB_COMPLETION_INDEX)", "38:18: error: Job: $(JOB_COMPLETION_INDEX) is the index"},
		{`value: "on"`, `value: "$(JOB_COMPLETION_INDEX)"`, "41:39: error: Job: $(JOB_COMPLETION_INDEX) is the index"},
		{"image: server:1", "image: \"server:$(JOB_COMPLETION_INDEX)\"", "21:18: error: StatefulSet: $(JOB_COMPLETION_INDEX) is the index"},
		{"apiVersion: batch/v1", "apiVersion: batch/v1beta1", "26:13: error: batch/v1beta1 has no kind Job: write apiVersion: batch/v1"},
		{"kind: Job", "kind: Jobb", `27:7: error: batch/v1 has no kind "Jobb", did you mean "Job"?`},
		{"kind: Job\n", "", "26:1: error: want an object with apiVersion and kind"},
		{goodManifests, "- a\n", "1:1: error: want an object with apiVersion and kind, not a list"},
		{goodManifests, "# nothing\n", "1:1: error: there is nothing in it"},
		{goodManifests, goodManifests + "---\napiVersion: v1\nkind: Service\nmetadata: {name: server}\n", `49:18: error: Service "server" is in line 3 already`},
		{goodManifests, "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  date: {}\n", `6:3: error: ConfigMap: Kubernetes does not know the field "date", did you mean "data"?`},
	} {
		text := strings.Replace(goodManifests, test.old, test.instead, 1)
		got := shownProblems(CheckKubernetes([]byte(text)))
		if first, _, _ := strings.Cut(got, "\n"); !strings.HasPrefix(first, test.want) || test.want == "" && got != "" {
			t.Errorf("%q: got %q, want %s", test.instead, got, test.want)
		}
	}
}

// Kinds of other people have the names of Kubernetes's own, and a version that Kubernetes still has is no mistake.
func TestOtherVersions(t *testing.T) {
	for version, want := range map[string]string{
		"serving.knative.dev/v1 Service":              "warning: Service of serving.knative.dev/v1 is not checked",
		"autoscaling/v1 HorizontalPodAutoscaler":      "",
		"extensions/v1beta1 Deployment":               "error: extensions/v1beta1 has no kind Deployment: write apiVersion: apps/v1",
		"apps/v1beta2 Deployment":                     "error: apps/v1beta2 has no kind Deployment: write apiVersion: apps/v1",
		"v1 Deployment":                               "error: v1 has no kind Deployment: write apiVersion: apps/v1",
		"autoscaling/v2beta2 HorizontalPodAutoscaler": "error: autoscaling/v2beta2 has no kind HorizontalPodAutoscaler: write apiVersion: autoscaling/v",
	} {
		api, kind, _ := strings.Cut(version, " ")
		got := shownProblems(CheckKubernetes([]byte("apiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: a}\n")))
		if want == "" && strings.Contains(got, "error") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", version, got, want)
		}
	}
}

// The pods of a CronJob's Job know their index as those of a Job do.
func TestIndexedCronJob(t *testing.T) {
	const manifest = `apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      completionMode: Indexed
      completions: 3
      parallelism: 3
      template:
        spec:
          restartPolicy: Never
          containers:
          - {name: a, image: "a:1", args: ["$(JOB_COMPLETION_INDEX)"]}
`
	if got := shownProblems(CheckKubernetes([]byte(manifest))); got != "" {
		t.Error(got)
	}
	got := shownProblems(CheckKubernetes([]byte(strings.Replace(manifest, "      completionMode: Indexed\n", "", 1))))
	if strings.Count(got, "JOB_COMPLETION_INDEX") != 1 {
		t.Errorf("without an index: %q", got)
	}
	got = shownProblems(CheckKubernetes([]byte(manifest + "          ephemeralContainers:\n          - {name: e, image: \"e:1\", args: [\"$(JOB_COMPLETION_INDEX)\"]}\n")))
	if strings.Count(got, "JOB_COMPLETION_INDEX") != 1 {
		t.Errorf("in an ephemeral container: %q", got)
	}
}

func TestLargeConfigMaps(t *testing.T) {
	for size, want := range map[int]string{100: "", maxApply: "3:11: warning: ConfigMap: it has 262149 bytes, and kubectl apply", maxData: "3:11: error: ConfigMap: it has 1048581 bytes, and Kubernetes takes 1048576"} {
		text := fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a.csv: %s}\n", strings.Repeat("x", size))
		text = strings.Replace(text, "metadata: {name: a}", "metadata:\n  name:   a", 1)
		want = strings.Replace(want, "3:11", "4:11", 1)
		if got := shownProblems(CheckKubernetes([]byte(text))); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%d bytes: got %s, want %s", size, got, want)
		}
	}
}

// Each document of a file has its own anchors.
func TestAnchorsOfAnotherDocument(t *testing.T) {
	const first = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: &l {x: z}, annotations: *l}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, labels: "
	want := "7:29: error: the anchor &l is in another document"
	if got := shownProblems(CheckKubernetes([]byte(first + "*l}\n"))); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %s", got, want)
	}
	const named = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
	want = "7:18: error: the anchor &n is in another document" // and not that the name is there twice
	if got := shownProblems(CheckKubernetes([]byte(named + "&n a}\n---\n" + named + "*n}\n"))); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %s", got, want)
	}
	if got := shownProblems(CheckKubernetes([]byte(first + "&l {b: z}, annotations: *l}\n"))); got != "" {
		t.Errorf("got %q", got)
	}
}
