// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	v1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"
	"k8s.io/apiserver/pkg/cel/mutation"
	"k8s.io/apiserver/pkg/cel/openapi"
	"k8s.io/client-go/openapi/openapitest"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// types are the schemas of the API's objects, from the copy of the API server's OpenAPI document in client-go, and of custom resources.
type types struct {
	schemas map[string]any
	known   map[schema.GroupVersionKind]*apiservercel.DeclType
}

func newTypes() *types {
	paths, err := openapitest.NewEmbeddedFileClient().Paths()
	if err != nil {
		panic(err)
	}
	text, err := paths["api/v1"].Schema("application/json")
	if err != nil {
		panic(err)
	}
	var document struct {
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		panic(err)
	}
	return &types{document.Components.Schemas, map[schema.GroupVersionKind]*apiservercel.DeclType{}}
}

// resolved replaces each reference by the schema that it names. One that names a schema within itself becomes an object without fields.
func (t *types) resolved(value any, within []string) any {
	switch value := value.(type) {
	case []any:
		out := make([]any, len(value))
		for i, each := range value {
			out[i] = t.resolved(each, within)
		}
		return out
	case map[string]any:
		if all, ok := value["allOf"].([]any); ok && len(all) == 1 {
			return t.resolved(all[0], within)
		}
		if reference, ok := value["$ref"].(string); ok {
			name := reference[strings.LastIndex(reference, "/")+1:]
			for _, each := range within {
				if each == name {
					return map[string]any{"type": "object"}
				}
			}
			return t.resolved(t.schemas[name], append(within, name))
		}
		out := make(map[string]any, len(value))
		for key, each := range value {
			out[key] = t.resolved(each, within)
		}
		return out
	}
	return value
}

// of is the type of the objects of a kind, or nil where their schema is not known.
func (t *types) of(kind schema.GroupVersionKind) (*apiservercel.DeclType, error) {
	names := map[string]string{"": "io.k8s.api.core.v1.", "authentication.k8s.io": "io.k8s.api.authentication.v1."}
	if _, ok := t.known[kind]; !ok {
		found, ok := t.schemas[names[kind.Group]+kind.Kind]
		if !ok {
			return nil, nil
		}
		text, err := json.Marshal(t.resolved(found, nil))
		if err != nil {
			return nil, err
		}
		if err := t.addSchema(kind, text); err != nil {
			return nil, err
		}
	}
	return t.known[kind], nil
}

func (t *types) addSchema(kind schema.GroupVersionKind, text []byte) error {
	read := &spec.Schema{}
	if err := json.Unmarshal(text, read); err != nil {
		return err
	}
	declared := common.SchemaDeclType(&openapi.Schema{Schema: read}, true)
	if declared == nil {
		return fmt.Errorf("%v has no type", kind)
	}
	t.known[kind] = declared.MaybeAssignTypeName("checked." + kind.Kind)
	return nil
}

// kinds are the kinds of object that the policy's rules name.
func kinds(constraints *v1.MatchResources) []schema.GroupVersionKind {
	named := map[string]schema.GroupVersionKind{"pods": {Version: "v1", Kind: "Pod"}, "pods/ephemeralcontainers": {Version: "v1", Kind: "Pod"},
		"serviceaccounts/token": {Group: "authentication.k8s.io", Version: "v1", Kind: "TokenRequest"}}
	var out []schema.GroupVersionKind
	for _, rule := range constraints.ResourceRules {
		for _, resource := range rule.Resources {
			if kind, ok := named[resource]; ok {
				out = append(out, kind)
			}
		}
	}
	return out
}

// typeChecker compiles the expressions of a policy with the types of one kind of object, as the API server's type checker does. It also
// checks mutations and subresources.
type typeChecker struct {
	kind      schema.GroupVersionKind
	variables *apiservercel.DeclType
	env       map[bool]*cel.Env
	last      *cel.Type
}

func (t *types) checkers(p *policy) ([]*typeChecker, error) {
	var params *apiservercel.DeclType
	var err error
	if p.paramKind != nil {
		if params, err = t.of(p.paramGVK()); err != nil {
			return nil, err
		}
	}
	var out []*typeChecker
	for _, kind := range kinds(p.matchConstraints) {
		object, err := t.of(kind)
		if err != nil {
			return nil, err
		}
		made := &typeChecker{kind: kind, env: map[bool]*cel.Env{}, variables: apiservercel.NewObjectType("checked.variables", map[string]*apiservercel.DeclField{})}
		if err := made.environments(object, params, p.paramKind != nil); err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

func (c *typeChecker) environments(object, params *apiservercel.DeclType, hasParams bool) error {
	declared := []*apiservercel.DeclType{plugincel.BuildRequestType(), plugincel.BuildNamespaceType(), object, c.variables}
	options := []cel.EnvOption{cel.Variable("authorizer", library.AuthorizerType), cel.Variable("authorizer.requestResource", library.ResourceCheckType)}
	for name, of := range map[string]*apiservercel.DeclType{"request": declared[0], "namespaceObject": declared[1], "object": object, "oldObject": object,
		"variables": c.variables} {
		options = append(options, cel.Variable(name, of.CelType()))
	}
	if hasParams && params != nil {
		declared = append(declared, params)
		options = append(options, cel.Variable("params", params.CelType()))
	} else if hasParams {
		options = append(options, cel.Variable("params", cel.DynType))
	}
	set, err := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0), EnvOptions: options, DeclTypes: declared}, environment.StrictCostOpt)
	if err != nil {
		return err
	}
	patching, err := set.Extend(environment.VersionedOptions{IntroducedVersion: version.MajorMinor(1, 0), EnvOptions: []cel.EnvOption{
		common.ResolverEnvOption(&mutation.DynamicTypeResolver{}), environment.UnversionedLib(library.JSONPatch)}})
	if err != nil {
		return err
	}
	c.env[false], c.env[true] = set.NewExpressionsEnv(), patching.NewExpressionsEnv()
	return nil
}

// check compiles text, and notes in `of` what is wrong with its types.
func (c *typeChecker) check(of *expression, text string, patches bool) {
	c.last = nil
	ast, issues := c.env[patches].Compile(text)
	if issues != nil {
		of.TypeErrors = append(of.TypeErrors, fmt.Sprintf("%s: %v", c.kind.Kind, issues))
		return
	}
	c.last = ast.OutputType()
}

// store makes the expression that was checked last a variable.
func (c *typeChecker) store(name string) {
	c.variables.Fields[name] = apiservercel.NewDeclField(name, declared(c.last), true, nil, nil)
}

// declared is a type as the API server's CompositedCompiler declares that of a variable.
func declared(of *cel.Type) *apiservercel.DeclType {
	if of != nil {
		for _, each := range []*apiservercel.DeclType{apiservercel.BoolType, apiservercel.IntType, apiservercel.DoubleType, apiservercel.StringType} {
			if of == each.CelType() {
				return each
			}
		}
		switch parameters := of.Parameters(); {
		case of.Kind() == cel.ListKind:
			return apiservercel.NewListType(declared(parameters[0]), -1)
		case of.Kind() == cel.MapKind:
			return apiservercel.NewMapType(declared(parameters[0]), declared(parameters[1]), -1)
		}
	}
	return apiservercel.DynType
}
