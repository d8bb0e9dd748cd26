// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	v1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
)

// policy is a policy of either kind.
type policy struct {
	kind, name       string
	failurePolicy    *v1.FailurePolicyType
	paramKind        *v1.ParamKind
	matchConstraints *v1.MatchResources
	reinvocable      bool
	matchConditions  []v1.MatchCondition
	variables        []v1.Variable
	mutations        []v1.Mutation
	validations      []v1.Validation
	audit            []v1.AuditAnnotation
	bindings         []binding

	compiler    *plugincel.CompositedCompiler
	matcher     matchconditions.Matcher
	patchers    []plugincel.MutatingEvaluator
	validate    plugincel.ConditionEvaluator
	messages    plugincel.ConditionEvaluator
	expressions []*expression
}

// binding is a binding of either kind.
type binding struct {
	kind, name, policyName string
	paramRef               *v1.ParamRef
	matchResources         *v1.MatchResources
	actions                []v1.ValidationAction
}

// expression is one CEL expression of a policy.
type expression struct {
	Kind       string   `json:"kind"`
	Policy     string   `json:"policy"`
	Field      string   `json:"field"`
	Type       string   `json:"type,omitempty"`
	Error      string   `json:"error,omitempty"`
	TypeErrors []string `json:"typeErrors,omitempty"`

	spent uint64
}

func readPolicy(kind string, text json.RawMessage) (*policy, error) {
	if kind == "MutatingAdmissionPolicy" {
		in := &v1.MutatingAdmissionPolicy{}
		err := strictly(text, in)
		spec := &in.Spec
		return &policy{kind: kind, name: in.Name, failurePolicy: spec.FailurePolicy, paramKind: spec.ParamKind, matchConstraints: spec.MatchConstraints,
			reinvocable: spec.ReinvocationPolicy == v1.IfNeededReinvocationPolicy, matchConditions: spec.MatchConditions, variables: spec.Variables,
			mutations: spec.Mutations}, err
	}
	in := &v1.ValidatingAdmissionPolicy{}
	err := strictly(text, in)
	spec := &in.Spec
	return &policy{kind: kind, name: in.Name, failurePolicy: spec.FailurePolicy, paramKind: spec.ParamKind, matchConstraints: spec.MatchConstraints,
		matchConditions: spec.MatchConditions, variables: spec.Variables, validations: spec.Validations, audit: spec.AuditAnnotations}, err
}

func readBinding(kind string, text json.RawMessage) (binding, error) {
	if kind == "MutatingAdmissionPolicyBinding" {
		in := &v1.MutatingAdmissionPolicyBinding{}
		err := strictly(text, in)
		return binding{kind, in.Name, in.Spec.PolicyName, in.Spec.ParamRef, in.Spec.MatchResources, nil}, err
	}
	in := &v1.ValidatingAdmissionPolicyBinding{}
	err := strictly(text, in)
	return binding{kind, in.Name, in.Spec.PolicyName, in.Spec.ParamRef, in.Spec.MatchResources, in.Spec.ValidationActions}, err
}

func (p *policy) paramGVK() schema.GroupVersionKind {
	if p.paramKind == nil {
		return schema.GroupVersionKind{}
	}
	return schema.FromAPIVersionAndKind(p.paramKind.APIVersion, p.paramKind.Kind)
}

// accessor is an expression that may have one of the types.
type accessor struct {
	text, name string
	types      []*cel.Type
}

func (a *accessor) GetExpression() string    { return a.text }
func (a *accessor) GetName() string          { return a.name }
func (a *accessor) ReturnTypes() []*cel.Type { return a.types }

// metered is a program that notes what it costs.
type metered struct {
	cel.Program
	of *expression
}

func (m metered) ContextEval(ctx context.Context, vars any) (ref.Val, *cel.EvalDetails, error) {
	value, details, err := m.Program.ContextEval(ctx, vars)
	if details != nil && details.ActualCost() != nil {
		m.of.spent += *details.ActualCost()
	}
	return value, details, err
}

// meter is a compiler whose programs note what they cost.
type meter struct {
	plugincel.Compiler
	of *expression
}

func (m *meter) CompileCELExpression(a plugincel.ExpressionAccessor, o plugincel.OptionalVariableDeclarations, mode environment.Type) plugincel.CompilationResult {
	result := m.Compiler.CompileCELExpression(a, o, mode)
	if result.Error != nil {
		m.of.Error = result.Error.Error()
		return result
	}
	m.of.Type = result.OutputType.String()
	result.Program = metered{result.Program, m.of}
	return result
}

// compile compiles every expression of the policy in the way of the API server's package policy/mutating or policy/validating.
func (p *policy) compile(known *types) error {
	compiler, err := plugincel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		return err
	}
	measured := &meter{Compiler: compiler.Compiler}
	compiler.Compiler = measured
	p.compiler = compiler
	checkers, err := known.checkers(p)
	if err != nil {
		return err
	}
	add := func(field, text string, options plugincel.OptionalVariableDeclarations) {
		measured.of = &expression{Kind: p.kind, Policy: p.name, Field: field}
		for _, each := range checkers {
			each.check(measured.of, text, options.HasPatchTypes)
		}
		p.expressions = append(p.expressions, measured.of)
	}
	options := plugincel.OptionalVariableDeclarations{HasParams: p.paramKind != nil, HasAuthorizer: true}
	compiled := func(field string, of plugincel.ExpressionAccessor, options plugincel.OptionalVariableDeclarations) plugincel.CompilationResult {
		add(field, of.GetExpression(), options)
		return compiler.CompileCELExpression(of, options, environment.NewExpressions)
	}
	for _, each := range p.variables {
		add("variables."+each.Name, each.Expression, options)
		compiler.CompileAndStoreVariable(&accessor{each.Expression, each.Name, []*cel.Type{cel.AnyType, cel.DynType}}, options, environment.NewExpressions)
		for _, checker := range checkers {
			checker.store(each.Name)
		}
	}
	if len(p.matchConditions) > 0 {
		var results []plugincel.CompilationResult
		for i := range p.matchConditions {
			condition := (*matchconditions.MatchCondition)(&p.matchConditions[i])
			results = append(results, compiled("matchConditions."+condition.Name, condition, options))
		}
		p.matcher = matchconditions.NewMatcher(plugincel.NewCondition(results), p.failurePolicy, "policy", "validate", p.name)
	}
	patching := options
	patching.HasPatchTypes = true
	for i, each := range p.mutations {
		if each.JSONPatch == nil {
			return fmt.Errorf("mutation %d is not a JSONPatch", i)
		}
		result := compiled(fmt.Sprintf("mutations[%d].jsonPatch.expression", i), &patch.JSONPatchCondition{Expression: each.JSONPatch.Expression}, patching)
		p.patchers = append(p.patchers, plugincel.NewMutatingEvaluator(result))
	}
	withoutAuthorizer := plugincel.OptionalVariableDeclarations{HasParams: options.HasParams}
	var validations, messages []plugincel.CompilationResult
	for i, each := range p.validations {
		field := fmt.Sprintf("validations[%d].", i)
		validations = append(validations, compiled(field+"expression", &accessor{each.Expression, "", []*cel.Type{cel.BoolType}}, options))
		message := plugincel.CompilationResult{}
		if each.MessageExpression != "" {
			message = compiled(field+"messageExpression", &accessor{each.MessageExpression, "", []*cel.Type{cel.StringType}}, withoutAuthorizer)
		}
		messages = append(messages, message)
	}
	p.validate, p.messages = plugincel.NewCondition(validations), plugincel.NewCondition(messages)
	for _, each := range p.audit {
		compiled("auditAnnotations."+each.Key, &accessor{each.ValueExpression, "", []*cel.Type{cel.StringType, cel.NullType}}, options)
	}
	return nil
}
