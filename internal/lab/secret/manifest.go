package secret

import (
	"fmt"
	"strconv"
	"strings"
)

// ManifestFile is the name of the file with the Secrets of Kubernetes.
const ManifestFile = "kubernetes.yaml"

// maxManifestSecret bounds the contents of a Secret of Kubernetes, in bytes.
const maxManifestSecret = 1 << 20

// manifestOf returns the Secrets of Kubernetes that the lab's templates mount: lottery-master for the server, and
// lottery-agencies, of which each pod of the clients' Job mounts the key with its number. Pods are numbered from 0. With a
// certificate there is lottery-tls, of which the server mounts all, and clients the certificate.
func manifestOf(master Secret, agencies []Secret, certificate, key []byte) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# Made by: composer data secrets. kubectl apply --server-side -f %s\n", ManifestFile)
	b.WriteString("apiVersion: v1\nkind: Secret\nmetadata:\n  name: lottery-master\nstringData:\n")
	fmt.Fprintf(&b, "  master: %q\n", master.Text())
	b.WriteString("---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: lottery-agencies\nstringData:\n")
	size := 0
	for i, s := range agencies {
		number := strconv.Itoa(i)
		fmt.Fprintf(&b, "  %q: %q\n", number, s.Text())
		size += len(number) + len(s.Text())
	}
	if size > maxManifestSecret {
		return "", fmt.Errorf("the secrets of %d agencies are %d bytes, and a Secret of Kubernetes holds 1 MiB: make fewer, or leave out --kubernetes", len(agencies), size)
	}
	if certificate != nil {
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: lottery-tls\nstringData:\n  %s: %q\n  %s: %q\n",
			CertificateFile, certificate, CertificateKeyFile, key)
	}
	return b.String(), nil
}
