package verify

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/course/git"
	"github.com/tp0-lab/composer/internal/files"
)

// image is the result of a build.
type image struct {
	name   string
	err    error
	config []byte  // the configuration file in the tree from which it was built
	places []baked // of that file in the image
}

// baked is a copy of a configuration file in an image.
type baked struct {
	path     string // without the slash of the root
	uid, gid int
	mode     int64
}

// imagesOf returns the images of a site's server and client. Sites with the same sources share images.
func (e *dockerEngine) imagesOf(ctx context.Context, s *site) (images map[string]string, err error) {
	images = make(map[string]string)
	for _, service := range []string{"server", "client"} {
		config := s.serverConfig
		if service == "client" {
			config = s.clientConfig
		}
		if images[service], err = e.image(ctx, s, service, config); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// image returns the image of a service. In ej1, where the configuration file is in the image, another file makes another
// image: one layer over the first if the file is found there, else a build from the beginning.
func (e *dockerEngine) image(ctx context.Context, s *site, service, config string) (string, error) {
	text, err := files.ReadIn(s.root, config, maxFile)
	if err != nil && s.stage == "ej1" {
		return "", fmt.Errorf("build the %s: %w", service, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	key := service + " of " + e.sources(ctx, s, config)
	base, ok := e.images[key]
	if !ok {
		if base, err = e.make(ctx, key, s, service, config, text); err != nil {
			return "", err
		}
	}
	if base.err != nil || s.stage != "ej1" || bytes.Equal(base.config, text) {
		return base.name, base.err
	}
	key += "\n" + string(text)
	other, ok := e.images[key]
	if !ok {
		if other, err = e.derive(ctx, key, base, text); err != nil {
			other, err = e.make(ctx, key, s, service, config, text)
		}
	}
	return other.name, cmp.Or(err, other.err)
}

// sources names what a site's image of a service is made of. This project's stages have the same tree.
func (e *dockerEngine) sources(ctx context.Context, s *site, config string) string {
	switch {
	case s.ours:
		return ""
	case s.tree == "":
		return s.dir
	}
	if project, err := loadCompose(ctx, s); err != nil || s.stage != "ej1" && !mounts(project, filepath.Join(s.dir, config)) {
		return s.stage + " " + s.tree // the image has its stage's configuration file
	}
	return s.tree
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

// sources returns a hash of the files of a branch that its images may be made of. Left out are those that are mounted,
// those that composer writes, texts, and the scripts: no image needs them.
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

// make builds an image from the tree of a site. A build that fails is no error, and has its own in the image; the error says
// that ctx ended.
func (e *dockerEngine) make(ctx context.Context, key string, s *site, service, config string, text []byte) (image, error) {
	// Its names are those of one lab. Without it, Docker finds what an earlier run has built.
	if err := s.root.Remove(overrideFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return image{}, err
	}
	if e.began != nil {
		e.began(s.stage + " " + service)
	}
	begin := e.now()
	defer func() { e.building += e.now().Sub(begin) }()
	built := image{name: e.imageName(service), config: text}
	build := docker(ctx, buildLimit, "build", "--force-rm", "-f", filepath.Join(filepath.Dir(config), "Dockerfile"), "-t", built.name, ".")
	build.Dir = s.dir
	if built.err = build.finish(); ctx.Err() != nil {
		return built, ctx.Err()
	}
	if s.stage == "ej1" && built.err == nil {
		built.places, _ = e.find(ctx, built.name, text) // without any, another file needs another build
	}
	e.images[key] = built
	return built, nil
}

func (e *dockerEngine) imageName(service string) string {
	return fmt.Sprintf("%s-%d-%s", e.name, len(e.images), service)
}

// find returns the places of a file in an image.
func (e *dockerEngine) find(ctx context.Context, name string, text []byte) (places []baked, err error) {
	container := name + "-files"
	if err := docker(ctx, stepLimit, "create", "--name", container, "--network", "none", name, "nothing").finish(); err != nil {
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
	return places, errors.Join(err, drained, export.Wait())
}

// placesIn returns the files of an archive with a content.
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

// derive makes an image with another configuration file in all places of the first.
func (e *dockerEngine) derive(ctx context.Context, key string, base image, text []byte) (image, error) {
	layer, err := layerOver(base, text)
	if err != nil {
		return image{}, err
	}
	begin := e.now()
	defer func() { e.building += e.now().Sub(begin) }()
	built := image{name: e.imageName("config"), config: text}
	build := docker(ctx, buildLimit, "build", "--force-rm", "-t", built.name, "-")
	build.Stdin = bytes.NewReader(layer)
	if err := build.finish(); err != nil {
		return image{}, err
	}
	e.images[key] = built
	return built, nil
}

// layerOver returns the archive of a build that puts a text in the place of the configuration file of an image.
func layerOver(base image, text []byte) ([]byte, error) {
	if len(base.places) == 0 || len(base.config) == 0 {
		return nil, errors.New("the image has no copy of the configuration file")
	}
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
	dockerfile.WriteString("FROM " + base.name + "\n")
	var err error
	for i, p := range base.places {
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
