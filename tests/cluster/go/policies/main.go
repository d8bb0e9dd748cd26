// SPDX-License-Identifier: Apache-2.0

// Command policies judges admission policies and custom resources with the API server's own library, without an API server. It reads a JSON
// document from standard input and writes one to standard output:
//
//	policies judge:  {"objects": [OBJECT...], "cases": [CASE...]}  ->  {"expressions": [...], "resources": [...], "cases": [...]}
//
// With "version": "1.29" the rules of CustomResourceDefinitions are compiled as by that version of Kubernetes.
// `policies build FOLDER` prints what `kubectl kustomize FOLDER` prints, by the library that kubectl has.
//
// The objects are MutatingAdmissionPolicy and ValidatingAdmissionPolicy, their bindings, CustomResourceDefinition, and objects of any other kind,
// which can be parameters of a policy. Every expression is compiled as the API server compiles it, and once more with the types of the objects
// that the policy is for. A case is a request to create an object. Its answer has the object after the mutations, what the validations say, and
// what each expression cost.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// cluster is what the objects of the input amount to.
type cluster struct {
	scheme     *runtime.Scheme
	types      *types
	policies   []*policy
	parameters []*unstructured.Unstructured
}

type answer struct {
	Limits      map[string]int64 `json:"limits"`
	Expressions []*expression    `json:"expressions"`
	Resources   []resource       `json:"resources"`
	Cases       []verdict        `json:"cases"`
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, authenticationv1.AddToScheme, admissionregistrationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}

// strictly decodes text into a typed object and refuses fields that it does not have.
func strictly(text json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func read(objects []json.RawMessage, of *version.Version) (*cluster, *answer, error) {
	made := &cluster{scheme: newScheme(), types: newTypes()}
	out := &answer{Limits: map[string]int64{"expression": celconfig.PerCallLimit, "evaluation": celconfig.RuntimeCELCostBudget,
		"matchConditions": celconfig.RuntimeCELCostBudgetMatchConditions}}
	var customs []*custom
	var bindings []binding
	for _, text := range objects {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil {
			return nil, nil, err
		}
		var err error
		switch what := path.Base(object.GetAPIVersion()) + " " + object.GetKind(); what {
		case "v1 MutatingAdmissionPolicy", "v1 ValidatingAdmissionPolicy":
			var read *policy
			read, err = readPolicy(object.GetKind(), text)
			made.policies = append(made.policies, read)
		case "v1 MutatingAdmissionPolicyBinding", "v1 ValidatingAdmissionPolicyBinding":
			var read binding
			read, err = readBinding(object.GetKind(), text)
			bindings = append(bindings, read)
			made.parameters = append(made.parameters, object)
		case "v1 CustomResourceDefinition":
			definition := &apiextensionsv1.CustomResourceDefinition{}
			if err = strictly(text, definition); err == nil {
				var read []*custom
				read, err = readCustom(definition, of)
				customs = append(customs, read...)
			}
		default:
			made.parameters = append(made.parameters, object)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	for _, each := range customs {
		made.types.add(each)
		out.Resources = append(out.Resources, each.judged())
	}
	for i, object := range made.parameters {
		for _, each := range customs {
			if object.GroupVersionKind() == each.kind {
				judged, defaulted := each.judge(object)
				out.Resources = append(out.Resources, judged)
				made.parameters[i] = defaulted
			}
		}
	}
	for _, each := range made.policies {
		for _, bound := range bindings {
			if bound.kind == each.kind+"Binding" && bound.policyName == each.name {
				each.bindings = append(each.bindings, bound)
			}
		}
		if err := each.compile(made.types); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", each.name, err)
		}
		out.Expressions = append(out.Expressions, each.expressions...)
	}
	return made, out, nil
}

// judge answers one question.
func judge(in io.Reader, answers io.Writer) error {
	var asked struct {
		Objects []json.RawMessage `json:"objects"`
		Cases   []json.RawMessage `json:"cases"`
		Version string            `json:"version"`
	}
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return err
	}
	of := environment.DefaultCompatibilityVersion()
	if asked.Version != "" {
		var err error
		if of, err = version.Parse(asked.Version); err != nil {
			return err
		}
	}
	made, out, err := read(asked.Objects, of)
	if err != nil {
		return err
	}
	for i, text := range asked.Cases {
		each := &request{}
		if err := strictly(text, each); err != nil {
			return fmt.Errorf("case %d: %w", i, err)
		}
		said, err := made.decide(each)
		if err != nil {
			return fmt.Errorf("case %q: %w", each.Name, err)
		}
		out.Cases = append(out.Cases, *said)
	}
	return json.NewEncoder(answers).Encode(out)
}

// build prints what kustomize makes of a folder.
func build(folder string) error {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return err
	}
	text, err := made.AsYaml()
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	return err
}

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "judge":
		err = judge(os.Stdin, os.Stdout)
	case len(os.Args) == 3 && os.Args[1] == "build":
		err = build(os.Args[2])
	default:
		err = errors.New("usage: policies judge | policies build FOLDER")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "policies:", err)
		os.Exit(1)
	}
}
