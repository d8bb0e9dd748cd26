// SPDX-License-Identifier: Apache-2.0

// Reads an OCI layout with the libraries that registries' clients use, and prints what they find: go-containerregistry validates every blob, and
// oras-go finds what refers to an image.
//
//	judge LAYOUT TAG
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry"
)

type found struct {
	Digest    string
	Platforms []string
	Referrers map[string][]ocispec.Descriptor // by the digest of what is referred to
	Documents map[string]string               // by the digest of the referrer
}

func judge(path, tag string) (*found, error) {
	index, err := layout.ImageIndexFromPath(path)
	if err != nil {
		return nil, err
	}
	if err := validate.Index(index); err != nil {
		return nil, err
	}
	ctx := context.Background()
	store, err := oci.New(path)
	if err != nil {
		return nil, err
	}
	root, err := store.Resolve(ctx, tag)
	if err != nil {
		return nil, err
	}
	var images ocispec.Index
	if err := read(ctx, store, root, &images); err != nil {
		return nil, err
	}
	result := &found{Digest: root.Digest.String(), Referrers: map[string][]ocispec.Descriptor{}, Documents: map[string]string{}}
	for _, each := range append([]ocispec.Descriptor{root}, images.Manifests...) {
		if each.Platform != nil {
			result.Platforms = append(result.Platforms, each.Platform.OS+"/"+each.Platform.Architecture)
		}
		if err := result.refer(ctx, store, each); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func (result *found) refer(ctx context.Context, store *oci.Store, subject ocispec.Descriptor) error {
	referrers, err := registry.Referrers(ctx, store, subject, "")
	if err != nil {
		return err
	}
	result.Referrers[subject.Digest.String()] = referrers
	for _, each := range referrers {
		var manifest ocispec.Manifest
		if err := read(ctx, store, each, &manifest); err != nil {
			return err
		}
		blob, err := store.Fetch(ctx, manifest.Layers[0])
		if err != nil {
			return err
		}
		defer blob.Close()
		data, err := io.ReadAll(io.LimitReader(blob, 1<<20))
		if err != nil {
			return err
		}
		result.Documents[each.Digest.String()] = string(data)
	}
	return nil
}

func read(ctx context.Context, store *oci.Store, from ocispec.Descriptor, into any) error {
	blob, err := store.Fetch(ctx, from)
	if err != nil {
		return err
	}
	defer blob.Close()
	return json.NewDecoder(io.LimitReader(blob, 1<<20)).Decode(into)
}

func main() {
	result, err := judge(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out, _ := json.MarshalIndent(result, "", " ")
	fmt.Println(string(out))
}
