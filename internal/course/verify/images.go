package verify

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/course/git"
	"github.com/tp0-lab/composer/internal/files"
)

// image is the result of one build: a name, or an error.
type image struct {
	mu     sync.Mutex // guards the fields below; held while the image is built
	tries  int
	built  bool // the fields below do not change any more
	name   string
	err    error
	config []byte // the configuration file in the tree from which the image was built
}

// baked is a copy of a configuration file in an image.
type baked struct {
	path     string // without the slash of the root
	uid, gid int
	mode     int64
}

// imagesOf returns the images of a site's server and client. Sites with the same sources share images. After ej1, each
// call for a site returns the images of the first call, because a changed configuration must not need a build.
func (e *dockerEngine) imagesOf(ctx context.Context, s *site) (map[string]string, error) {
	if s.images != nil && s.stage != "ej1" {
		return s.images, nil
	}
	images := make(map[string]string)
	for _, service := range []string{"server", "client"} {
		config := s.serverConfig
		if service == "client" {
			config = s.clientConfig
		}
		var err error
		if images[service], err = e.image(ctx, s, service, config); err != nil {
			return nil, err
		}
	}
	s.images = images
	return images, nil
}

// image returns the image of a service. If the configuration file is in the image and not mounted, a changed file needs
// another image. If image finds the old file in the first image, it puts the new file in a layer over it; otherwise it
// builds anew.
func (e *dockerEngine) image(ctx context.Context, s *site, service, config string) (string, error) {
	text, err := files.ReadIn(s.root, config, maxFile)
	if err != nil && s.stage == "ej1" {
		return "", fmt.Errorf("build the %s: %w", service, err)
	}
	key := service + " of " + s.tree
	base, err := e.once(key, func(i *image) error { return e.make(ctx, i, s, s.source, service, config) })
	if err != nil {
		return "", err
	}
	if bytes.Equal(base.config, text) || !inImage(ctx, s, config) {
		return base.name, nil
	}
	other, err := e.once(key+"\n"+string(text), func(i *image) error {
		if e.derive(ctx, i, base, text) == nil {
			return nil
		}
		return e.make(ctx, i, s, s.root, service, config)
	})
	if err != nil {
		return "", err
	}
	return other.name, nil
}

// once returns the image of a key. It calls build unless an earlier call has built the image; images of other keys can
// be built at the same time. The error is the error of build, which means that ctx ended, or the error in the image.
// After trouble of the machine, the next call of once builds a second time.
func (e *dockerEngine) once(key string, build func(*image) error) (*image, error) {
	e.mu.Lock()
	i, ok := e.images[key]
	if !ok {
		i = &image{name: fmt.Sprintf("%s-%d", e.name, len(e.images))}
		e.images[key] = i
	}
	e.mu.Unlock()
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.built {
		defer e.beginBuild()()
		if err := build(i); err != nil {
			return i, err
		}
		i.tries++
		i.built = !isTrouble(i.err) || i.tries > 1
	}
	return i, i.err
}

// beginBuild counts a running build until the caller calls end.
func (e *dockerEngine) beginBuild() (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.builds++; e.builds == 1 {
		e.buildsSince = e.now()
	}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.builds--; e.builds == 0 {
			e.building += e.now().Sub(e.buildsSince)
		}
	}
}

// inImage reports whether a service of a site reads its configuration file from the image: always in ej1, and later if
// the Compose file does not mount the file.
func inImage(ctx context.Context, s *site, config string) bool {
	if s.stage == "ej1" || s.ours {
		return s.stage == "ej1"
	}
	project, err := loadCompose(ctx, s)
	return err == nil && !mounts(project, filepath.Join(s.dir, config))
}

// mounts reports whether a service of a Compose file has a file mounted, alone or with its directory.
func mounts(project *types.Project, file string) bool {
	for _, service := range project.Services {
		for _, v := range service.Volumes {
			if v.Type == types.VolumeTypeBind && (v.Source == file || v.Source == filepath.Dir(file)) {
				return true
			}
		}
	}
	return false
}

// sources returns a hash of the files of a branch that its images may need. It leaves out the files in left, agencies'
// files, the Compose file, the two scripts, .gitignore files and Markdown texts, which no image needs.
func sources(entries []git.Entry, left ...string) string {
	left = append(left, "generar-compose.sh", "validar-echo-server.sh", composeFile)
	h := sha256.New()
	for _, e := range entries {
		if slices.Contains(left, e.Path) || path.Ext(e.Path) == ".md" || path.Base(e.Path) == ".gitignore" || strings.HasPrefix(e.Path, agencyDir+"/") {
			continue
		}
		fmt.Fprintf(h, "%s %s %q\n", e.Mode, e.Hash, e.Path)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// make builds an image from a directory of a site. It returns an error only if ctx ended; the error of a failed build
// is in the image.
func (e *dockerEngine) make(ctx context.Context, i *image, s *site, from *os.Root, service, config string) error {
	if e.began != nil {
		e.began(s.stage + " " + service)
	}
	build := docker(ctx, buildLimit, "build", "--force-rm", "-f", filepath.Join(filepath.Dir(config), "Dockerfile"), "-t", i.name, ".")
	build.Dir = from.Name()
	if i.err = build.finish(); ctx.Err() != nil {
		return ctx.Err()
	}
	i.config, _ = files.ReadIn(from, config, maxFile) // without the file, find finds no copy in the image
	return nil
}

// errNoCopy says that an image has no copy of a configuration file.
var errNoCopy = errors.New("the image has no copy of the configuration file")

// find returns the copies of a text in an image. It makes a container of the image and removes it. If there is no copy,
// the error is errNoCopy.
func (e *dockerEngine) find(ctx context.Context, image, container string, text []byte) (places []baked, err error) {
	if len(text) == 0 {
		return nil, errNoCopy
	}
	if err := docker(ctx, stepLimit, "create", "--name", container, "--network", "none", image, "nothing").finish(); err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, docker(context.WithoutCancel(ctx), stepLimit, "rm", "-f", container).finish())
	}()
	export := docker(ctx, stepLimit, "export", container)
	defer export.cancel()
	out, err := export.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := export.Start(); err != nil {
		return nil, err
	}
	places, err = placesIn(out, text)
	_, drained := io.Copy(io.Discard, out)
	if err = errors.Join(err, drained, export.Wait()); err == nil && len(places) == 0 {
		err = errNoCopy
	}
	return places, err
}

// placesIn returns the files of an archive that have a given content.
func placesIn(archive io.Reader, content []byte) ([]baked, error) {
	var places []baked
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return places, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg || h.Size != int64(len(content)) {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(text, content) {
			places = append(places, baked{path: h.Name, uid: h.Uid, gid: h.Gid, mode: h.Mode})
		}
	}
}

// derive builds an image over base in which text replaces each copy of base's configuration file.
func (e *dockerEngine) derive(ctx context.Context, i, base *image, text []byte) error {
	places, err := e.find(ctx, base.name, i.name, base.config)
	if err != nil {
		return err
	}
	layer, err := layerOver(base.name, places, text)
	if err != nil {
		return err
	}
	build := docker(ctx, buildLimit, "build", "--force-rm", "-t", i.name, "-")
	build.Stdin = bytes.NewReader(layer)
	return build.finish()
}

// layerOver returns the archive of a build that writes a text to the places of an image, in a layer over it.
func layerOver(base string, places []baked, text []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	put := func(name string, mode int64, text []byte) error {
		err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(text))})
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	var dockerfile strings.Builder
	dockerfile.WriteString("FROM " + base + "\n")
	var err error
	for i, p := range places {
		if strings.ContainsAny(p.path, "\"\\$\n") {
			return nil, fmt.Errorf("a Dockerfile cannot name %q", p.path)
		}
		name := fmt.Sprintf("config-%d", i)
		fmt.Fprintf(&dockerfile, "COPY --chown=%d:%d [%q, \"/%s\"]\n", p.uid, p.gid, name, p.path)
		err = errors.Join(err, put(name, p.mode, text))
	}
	err = errors.Join(err, put("Dockerfile", 0o644, []byte(dockerfile.String())), w.Close())
	return b.Bytes(), err
}
