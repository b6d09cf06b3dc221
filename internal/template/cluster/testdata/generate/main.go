// Command generate writes the fields of the Kubernetes types that composer checks, as k8s.io/api has them, to stdout. It
// is a module of its own, so that the program does not get the packages of Kubernetes: they would add eight megabytes.
//
// Each line is "VERSION KIND TYPE" for a kind of object, or "TYPE FIELD=TYPE …" for the fields of a type. A type is the
// name of another line, a word in lower case, []TYPE or {}TYPE for a map.
package main

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// kinds are the objects, by version.
var kinds = []struct {
	version string
	objects []any
}{
	{"v1", []any{
		corev1.ConfigMap{}, corev1.Secret{}, corev1.Service{}, corev1.Pod{}, corev1.Namespace{}, corev1.ServiceAccount{},
		corev1.PersistentVolumeClaim{}, corev1.PersistentVolume{}, corev1.ResourceQuota{}, corev1.LimitRange{}, corev1.Endpoints{},
	}},
	{"apps/v1", []any{appsv1.Deployment{}, appsv1.StatefulSet{}, appsv1.DaemonSet{}, appsv1.ReplicaSet{}}},
	{"batch/v1", []any{batchv1.Job{}, batchv1.CronJob{}}},
	{"networking.k8s.io/v1", []any{networkingv1.NetworkPolicy{}, networkingv1.Ingress{}}},
	{"policy/v1", []any{policyv1.PodDisruptionBudget{}}},
	{"rbac.authorization.k8s.io/v1", []any{rbacv1.Role{}, rbacv1.RoleBinding{}, rbacv1.ClusterRole{}, rbacv1.ClusterRoleBinding{}}},
	{"autoscaling/v2", []any{autoscalingv2.HorizontalPodAutoscaler{}}},
	{"storage.k8s.io/v1", []any{storagev1.StorageClass{}}},
}

// scalars are types that are written as a single value.
var scalars = map[reflect.Type]string{
	reflect.TypeFor[resource.Quantity]():    "quantity",
	reflect.TypeFor[metav1.Time]():          "time",
	reflect.TypeFor[metav1.MicroTime]():     "time",
	reflect.TypeFor[metav1.Duration]():      "string",
	reflect.TypeFor[intstr.IntOrString]():   "intorstring",
	reflect.TypeFor[metav1.FieldsV1]():      "any",
	reflect.TypeFor[runtime.RawExtension](): "any",
	reflect.TypeFor[[]byte]():               "bytes",
}

type generator struct{ lines map[string]string }

func main() {
	g := generator{map[string]string{}}
	out := bufio.NewWriter(os.Stdout)
	for _, v := range kinds {
		for _, object := range v.objects {
			t := reflect.TypeOf(object)
			fmt.Fprintln(out, v.version, t.Name(), g.name(t))
		}
	}
	names := make([]string, 0, len(g.lines))
	for name := range g.lines {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintln(out, name+g.lines[name])
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// name returns the name of a type, and makes its line.
func (g generator) name(t reflect.Type) string {
	if name, ok := scalars[t]; ok {
		return name
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.name(t.Elem())
	case reflect.Slice:
		return "[]" + g.name(t.Elem())
	case reflect.Map:
		return "{}" + g.name(t.Elem())
	case reflect.Struct:
		parts := strings.Split(path.Dir(t.PkgPath()), "/")
		name := parts[len(parts)-1] + "." + t.Name()
		if _, ok := g.lines[name]; !ok {
			g.lines[name] = "" // before its fields, which may have it again
			g.lines[name] = g.fields(t)
		}
		return name
	case reflect.Bool:
		return "bool"
	case reflect.String:
		return "string"
	case reflect.Float32, reflect.Float64:
		return "float"
	case reflect.Int32:
		return "int32"
	case reflect.Int, reflect.Int64:
		return "int"
	default:
		panic("no word for " + t.String())
	}
}

func (g generator) fields(t reflect.Type) string {
	var b strings.Builder
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case strings.Contains(options, "inline") || name == "" && f.Anonymous:
			b.WriteString(g.fields(f.Type))
		default:
			b.WriteString(" " + name + "=" + g.name(f.Type))
		}
	}
	return b.String()
}
