// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	customcel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// The API server refuses a CustomResourceDefinition whose rules cost more. It has these limits in a package that needs much more to compile.
const (
	ruleCostLimit       = 10000000
	definitionCostLimit = 100000000
)

// custom is a version of a CustomResourceDefinition.
type custom struct {
	kind       schema.GroupVersionKind
	text       []byte
	structural *structuralschema.Structural
	validator  validation.SchemaValidator
	errors     []string
	cost       uint64
	of         *version.Version // of Kubernetes
}

// resource is what is said of a CustomResourceDefinition, or of an object of one.
type resource struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	Errors []string `json:"errors"`
	Cost   uint64   `json:"cost"`
}

func readCustom(definition *apiextensionsv1.CustomResourceDefinition, of *version.Version) ([]*custom, error) {
	var out []*custom
	for _, each := range definition.Spec.Versions {
		made := &custom{kind: schema.GroupVersionKind{Group: definition.Spec.Group, Version: each.Name, Kind: definition.Spec.Names.Kind}, errors: []string{}, of: of}
		in := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(each.Schema.OpenAPIV3Schema, in, nil); err != nil {
			return nil, err
		}
		var err error
		if made.structural, err = structuralschema.NewStructural(in); err != nil {
			return nil, err
		}
		if made.validator, _, err = validation.NewSchemaValidator(in); err != nil {
			return nil, err
		}
		if made.text, err = json.Marshal(each.Schema.OpenAPIV3Schema); err != nil {
			return nil, err
		}
		for _, wrong := range structuralschema.ValidateStructural(field.NewPath("schema"), made.structural) {
			made.errors = append(made.errors, wrong.Error())
		}
		if len(made.errors) == 0 {
			made.rules(field.NewPath("schema"), made.structural, true, 1)
		}
		if made.cost > definitionCostLimit {
			made.errors = append(made.errors, fmt.Sprintf("all rules together cost %d, and %d is the limit", made.cost, definitionCostLimit))
		}
		out = append(out, made)
	}
	return out, nil
}

// rules compiles the rules of a schema and of what is in it. times is how often the schema can stand in an object; 0 means without a limit.
func (c *custom) rules(at *field.Path, in *structuralschema.Structural, root bool, times uint64) {
	results, err := customcel.Compile(in, model.SchemaDeclType(in, root), celconfig.PerCallLimit,
		environment.MustBaseEnvSet(c.of), customcel.NewExpressionsEnvLoader())
	if err != nil {
		c.errors = append(c.errors, fmt.Sprintf("%s: %v", at, err))
	}
	for i, each := range results {
		cost := each.MaxCost * times
		if times == 0 {
			cost = each.MaxCost * each.MaxCardinality
		}
		c.cost += cost
		if each.Error != nil {
			c.errors = append(c.errors, fmt.Sprintf("%s rule %d: %v", at, i, each.Error))
		}
		if each.MessageExpressionError != nil {
			c.errors = append(c.errors, fmt.Sprintf("%s messageExpression %d: %v", at, i, each.MessageExpressionError))
		}
		if max(cost, each.MessageExpressionMaxCost) > ruleCostLimit {
			c.errors = append(c.errors, fmt.Sprintf("%s rule %d costs %d, and %d is the limit", at, i, cost, ruleCostLimit))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Properties)) {
		property := in.Properties[name]
		c.rules(at.Child(name), &property, false, times)
	}
	validated := in.ValueValidation
	if in.Items != nil {
		c.rules(at.Key("items"), in.Items, false, product(times, validated != nil, func() *int64 { return validated.MaxItems }))
	}
	if in.AdditionalProperties != nil && in.AdditionalProperties.Structural != nil {
		c.rules(at.Key("values"), in.AdditionalProperties.Structural, false, product(times, validated != nil, func() *int64 { return validated.MaxProperties }))
	}
}

func product(times uint64, limited bool, limit func() *int64) uint64 {
	if !limited || limit() == nil {
		return 0
	}
	return times * uint64(*limit())
}

func (c *custom) judged() resource {
	return resource{"CustomResourceDefinition", c.kind.Kind, c.errors, c.cost}
}

// judge applies the defaults of the schema to the object, and says what the API server would refuse.
func (c *custom) judge(object *unstructured.Unstructured) (resource, *unstructured.Unstructured) {
	said := resource{c.kind.Kind, object.GetName(), []string{}, 0}
	if len(c.errors) > 0 {
		return said, object
	}
	copied := object.DeepCopy()
	for _, path := range pruning.PruneWithOptions(copied.Object, c.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		said.Errors = append(said.Errors, fmt.Sprintf("unknown field %q", path))
	}
	defaulting.Default(copied.Object, c.structural)
	for _, each := range validation.ValidateCustomResource(nil, copied.Object, c.validator) {
		said.Errors = append(said.Errors, each.Error())
	}
	if rules := customcel.NewValidator(c.structural, true, celconfig.PerCallLimit); rules != nil && len(said.Errors) == 0 {
		refused, rest := rules.Validate(context.Background(), nil, c.structural, copied.Object, nil, celconfig.RuntimeCELCostBudget)
		for _, each := range refused {
			said.Errors = append(said.Errors, each.Error())
		}
		said.Cost = uint64(celconfig.RuntimeCELCostBudget - rest)
	}
	return said, copied
}

func (t *types) add(of *custom) {
	if err := t.addSchema(of.kind, of.text); err != nil {
		of.errors = append(of.errors, err.Error())
	}
}
