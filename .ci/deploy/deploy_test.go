package deploy

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const (
	root = "../.."

	maxBinary = 25_000_000 // bytes
)

// manifests are what the kustomization makes.
type manifests struct {
	deployment apps.Deployment
	service    core.Service
	autoscaler autoscaling.HorizontalPodAutoscaler
}

// build makes the kustomization. A field that Kubernetes does not know is an error.
func build(t *testing.T) manifests {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(root, "deploy", "kubernetes"))
	if err != nil {
		t.Fatal(err)
	}
	var m manifests
	into := map[string]any{"Deployment": &m.deployment, "Service": &m.service, "HorizontalPodAutoscaler": &m.autoscaler}
	for _, resource := range made.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		object := into[resource.GetKind()]
		if object == nil {
			t.Fatalf("a %s, or a second one: say here what it must be", resource.GetKind())
		}
		if err := yaml.UnmarshalStrict(text, object); err != nil {
			t.Errorf("%s: %v", resource.CurId(), err)
		}
		delete(into, resource.GetKind())
	}
	for kind := range into {
		t.Errorf("there is no %s", kind)
	}
	if t.Failed() {
		t.FailNow()
	}
	return m
}

func TestManifestsFitTogether(t *testing.T) {
	m := build(t)
	if m.deployment.Spec.Selector == nil {
		t.Fatal("the deployment has no selector")
	}
	labels := m.deployment.Spec.Template.Labels
	for who, selector := range map[string]map[string]string{"the deployment": m.deployment.Spec.Selector.MatchLabels, "the service": m.service.Spec.Selector} {
		if len(selector) == 0 {
			t.Errorf("%s selects everything", who)
		}
		for name, value := range selector {
			if labels[name] != value {
				t.Errorf("%s selects %s=%s, the pods have %v", who, name, value, labels)
			}
		}
	}
	if target := m.autoscaler.Spec.ScaleTargetRef; target.Name != m.deployment.Name || target.Kind != m.deployment.Kind || target.APIVersion != m.deployment.APIVersion {
		t.Errorf("the autoscaler scales %+v", target)
	}
	if m.deployment.Spec.Replicas != nil {
		t.Error("the deployment sets replicas: each apply would undo what the autoscaler did")
	}
	c := container(t, m)
	if got := m.service.Spec.Ports[0].TargetPort.StrVal; got != c.Ports[0].Name {
		t.Errorf("the service sends to port %q, the container has %q", got, c.Ports[0].Name)
	}
}

func TestProbesAndStore(t *testing.T) {
	c := container(t, build(t))
	for want, probe := range map[string]*core.Probe{"/_counterpart/health": c.LivenessProbe, "/_counterpart/ready": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != want || probe.HTTPGet.Port.StrVal != c.Ports[0].Name {
			t.Errorf("no probe asks %s on the container's port, but %v", want, probe)
		}
	}
	if c.Resources.Requests.Cpu().IsZero() || c.Resources.Limits.Memory().IsZero() {
		t.Error("the autoscaler needs a request of CPU, the node a limit of memory")
	}
	if len(c.Env) != 1 || c.Env[0].Name != "COUNTERPART_STORE" || c.Env[0].Value != "" || c.Env[0].ValueFrom.SecretKeyRef.Name != "counterpart-store" {
		t.Errorf("the environment is %v, want the store from the Secret counterpart-store alone", c.Env)
	}
}

// TestPodIsRestricted holds the pod to the profile "restricted" of the Pod Security Standards, and a read-only root.
func TestPodIsRestricted(t *testing.T) {
	m := build(t)
	pod, c := m.deployment.Spec.Template.Spec.SecurityContext, container(t, m).SecurityContext
	for what, is := range map[string]bool{
		"runAsNonRoot":                    pod.RunAsNonRoot != nil && *pod.RunAsNonRoot,
		"seccompProfile RuntimeDefault":   pod.SeccompProfile != nil && pod.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault,
		"allowPrivilegeEscalation: false": c.AllowPrivilegeEscalation != nil && !*c.AllowPrivilegeEscalation,
		"readOnlyRootFilesystem":          c.ReadOnlyRootFilesystem != nil && *c.ReadOnlyRootFilesystem,
		"drop ALL":                        c.Capabilities != nil && slices.Equal(c.Capabilities.Drop, []core.Capability{"ALL"}) && c.Capabilities.Add == nil,
	} {
		if !is {
			t.Errorf("it lacks %s", what)
		}
	}
}

func container(t *testing.T, m manifests) core.Container {
	t.Helper()
	all := m.deployment.Spec.Template.Spec.Containers
	if len(all) != 1 || len(all[0].Ports) != 1 {
		t.Fatalf("want one container with one port, got %v", all)
	}
	return all[0]
}

func TestDockerfile(t *testing.T) {
	file, err := os.Open(filepath.Join(root, "deploy", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	parsed, err := parser.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range parsed.Warnings {
		t.Error(w.Short)
	}
	last := map[string]string{} // of each instruction, the last: that of the image
	for _, instruction := range parsed.AST.Children {
		name := strings.ToUpper(instruction.Value)
		if name == "FROM" {
			last = map[string]string{}
		}
		_, last[name], _ = strings.Cut(instruction.Original, " ")
	}
	for name, want := range map[string]string{
		"FROM":        "scratch",
		"USER":        "65532:65532",
		"EXPOSE":      "8080",
		"HEALTHCHECK": `CMD ["/counterpart", "health", "http://127.0.0.1:8080"]`,
		"ENTRYPOINT":  `["/counterpart"]`,
		"ENV":         "COUNTERPART_CONTROL=off",
		"CMD":         `["serve", "--listen", "0.0.0.0:8080"]`,
	} {
		if got := last[name]; !strings.HasSuffix(got, want) {
			t.Errorf("%s %s, want %s", name, got, want)
		}
	}
}

func TestCompose(t *testing.T) {
	if _, err := compose(t, nil); err == nil {
		t.Error("it starts without a password")
	}
	project, err := compose(t, types.Mapping{"POSTGRES_PASSWORD": "secret1"})
	if err != nil {
		t.Fatal(err)
	}
	mock, database := project.Services["mock"], project.Services["postgres"]
	store := mock.Environment["COUNTERPART_STORE"]
	if store == nil || !strings.HasPrefix(*store, "postgres://counterpart:secret1@postgres:5432/") {
		t.Errorf("the mock's store is %v", store)
	}
	if mock.DependsOn["postgres"].Condition != types.ServiceConditionHealthy {
		t.Error("the mock does not wait for a healthy database")
	}
	if database.Image != "postgres:17" || database.HealthCheck == nil {
		t.Errorf("the database is %s, its health check %v", database.Image, database.HealthCheck)
	}
	if file := filepath.Join(mock.Build.Context, mock.Build.Dockerfile); !exists(file) {
		t.Errorf("the mock is built by %s, which does not exist", file)
	}
}

func compose(t *testing.T, environment types.Mapping) (*types.Project, error) {
	t.Helper()
	directory, err := filepath.Abs(filepath.Join(root, "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  directory,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(directory, "compose.yaml")}},
		Environment: environment,
	})
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// TestProgramRunsOnScratch builds the program as the Dockerfile does: one static file, not too large.
func TestProgramRunsOnScratch(t *testing.T) {
	program := filepath.Join(t.TempDir(), "counterpart")
	cmd := exec.CommandContext(t.Context(), "make", "static", "STATIC="+program)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxBinary {
		t.Errorf("it has %d bytes, more than %d", info.Size(), maxBinary)
	}
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("it needs a dynamic loader, which an empty image does not have")
		}
	}
}
