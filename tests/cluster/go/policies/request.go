// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	celtypes "github.com/google/cel-go/common/types"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	v1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// request is a case: the creation of an object, and if there is an update, the update of what was created.
type request struct {
	Name        string              `json:"name"`
	Object      json.RawMessage     `json:"object"`
	Resource    string              `json:"resource"`    // "pods" if it is missing; "serviceaccounts/token"
	RequestName string              `json:"requestName"` // the name in the request's path; the object's own if it is missing
	Namespace   corev1.Namespace    `json:"namespace"`
	User        string              `json:"user"`
	Groups      []string            `json:"groups"`
	Extra       map[string][]string `json:"extra"`
	Update      json.RawMessage     `json:"update"`   // a JSON Patch
	Webhooks    []json.RawMessage   `json:"webhooks"` // JSON Patches that webhooks make after the first pass of the mutating policies
}

type refusal struct {
	Kind    string `json:"kind"`
	Policy  string `json:"policy"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
}

// cost is what a policy needed for one evaluation: all expressions of one kind, with the variables that they use.
type cost struct {
	Kind   string `json:"kind"`
	Policy string `json:"policy"`
	What   string `json:"what"`
	Total  int64  `json:"total"`
}

type verdict struct {
	Name        string            `json:"name"`
	Object      runtime.Object    `json:"object"`
	Refusals    []refusal         `json:"refusals"`
	Warnings    []refusal         `json:"warnings"`
	Evaluations []cost            `json:"evaluations"`
	Expressions map[string]uint64 `json:"expressions"` // the highest cost of each, by kind, policy and field
}

// decision is a request on its way.
type decision struct {
	*cluster
	request   *request
	out       *verdict
	resource  schema.GroupVersionResource
	attribute *admission.VersionedAttributes
	invoked   map[string]bool
}

type nobody struct{}

func (nobody) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	return authorizer.DecisionNoOpinion, "", nil
}

// decide decides the creation of an object, and then its update if there is one.
func (c *cluster) decide(asked *request) (*verdict, error) {
	out := &verdict{Name: asked.Name, Refusals: []refusal{}, Warnings: []refusal{}, Expressions: map[string]uint64{}}
	d := &decision{cluster: c, request: asked, out: out}
	object, kind, err := d.decode(asked.Object)
	if err != nil {
		return nil, err
	}
	if err := d.pass(admission.Create, *kind, object, nil); err != nil || asked.Update == nil {
		return out, err
	}
	if len(out.Refusals) > 0 {
		return nil, fmt.Errorf("the creation is refused: %v", out.Refusals)
	}
	changed, err := d.patched(out.Object, asked.Update)
	if err != nil {
		return nil, err
	}
	return out, d.pass(admission.Update, *kind, changed, out.Object)
}

// pass leads the request through the policies as the API server does: the mutating ones, then what webhooks do, then once more those that
// may run again if something has changed, and at last the validating ones.
func (d *decision) pass(operation admission.Operation, kind schema.GroupVersionKind, object, old runtime.Object) error {
	if err := d.prepare(operation, kind, object, old); err != nil {
		return err
	}
	changed := false
	for _, each := range d.of("MutatingAdmissionPolicy") {
		more, err := d.mutate(each, false)
		if err != nil {
			return err
		}
		changed = changed || more
	}
	for _, each := range d.request.Webhooks {
		object, err := d.patched(d.attribute.VersionedObject.Object(), each)
		if err != nil {
			return err
		}
		d.attribute.UpdateObject(object)
		changed = true
	}
	if changed {
		for _, each := range d.of("MutatingAdmissionPolicy") {
			if _, err := d.mutate(each, true); err != nil {
				return err
			}
		}
	}
	for _, each := range d.of("ValidatingAdmissionPolicy") {
		if err := d.validate(each); err != nil {
			return err
		}
	}
	d.out.Object = d.attribute.VersionedObject.Object()
	return nil
}

func (c *cluster) of(kind string) []*policy {
	var out []*policy
	for _, each := range c.policies {
		if each.kind == kind {
			out = append(out, each)
		}
	}
	return out
}

func (d *decision) prepare(operation admission.Operation, kind schema.GroupVersionKind, object, old runtime.Object) error {
	base, subresource, _ := strings.Cut(d.request.Resource, "/")
	if base == "" {
		base = "pods"
	}
	d.resource, d.invoked = schema.GroupVersionResource{Version: "v1", Resource: base}, map[string]bool{}
	about, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	name := d.request.RequestName
	if name == "" {
		name = about.GetName()
	}
	who := &user.DefaultInfo{Name: d.request.User, Groups: d.request.Groups, Extra: d.request.Extra}
	record := admission.NewAttributesRecord(object, old, kind, d.request.Namespace.Name, name, d.resource, subresource, operation, nil, false, who)
	d.attribute = &admission.VersionedAttributes{Attributes: record, VersionedKind: kind, VersionedObject: admission.NewLazyObject(object),
		VersionedOldObject: admission.NewLazyObject(old)}
	return nil
}

// decode reads an object of the API, and refuses fields that it does not have.
func (d *decision) decode(text []byte) (runtime.Object, *schema.GroupVersionKind, error) {
	head := &metav1.TypeMeta{}
	if err := json.Unmarshal(text, head); err != nil {
		return nil, nil, err
	}
	kind := head.GroupVersionKind()
	object, err := d.scheme.New(kind)
	if err == nil {
		err = strictly(text, object)
	}
	return object, &kind, err
}

func selects(by *metav1.LabelSelector, has map[string]string) (bool, error) {
	if by == nil {
		return true, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(by)
	return err == nil && selector.Matches(labels.Set(has)), err
}

// matches says whether the request is one that a policy or a binding is for.
func (d *decision) matches(on *v1.MatchResources) (bool, error) {
	if on == nil {
		return true, nil
	}
	namespace, err := selects(on.NamespaceSelector, d.request.Namespace.Labels)
	if err != nil || !namespace {
		return false, err
	}
	labelled := on.ObjectSelector == nil
	for _, each := range []runtime.Object{d.attribute.VersionedObject.Object(), d.attribute.VersionedOldObject.Object()} {
		if each == nil || labelled {
			continue
		}
		about, err := meta.Accessor(each)
		if err != nil {
			return false, err
		}
		if labelled, err = selects(on.ObjectSelector, about.GetLabels()); err != nil {
			return false, err
		}
	}
	if !labelled {
		return false, nil
	}
	ruled := func(among []v1.NamedRuleWithOperations) bool {
		return slices.ContainsFunc(among, func(rule v1.NamedRuleWithOperations) bool {
			named := len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, d.attribute.GetName())
			return named && (&rules.Matcher{Rule: rule.RuleWithOperations, Attr: d.attribute}).Matches()
		})
	}
	return (len(on.ResourceRules) == 0 || ruled(on.ResourceRules)) && !ruled(on.ExcludeResourceRules), nil
}

// params are the parameters that a binding finds, for each of which the policy is evaluated. A policy without parameters is evaluated once.
func (d *decision) params(of *policy, bound binding) ([]runtime.Object, error) {
	if of.paramKind == nil || bound.paramRef == nil {
		return []runtime.Object{nil}, nil
	}
	ref, kind := bound.paramRef, of.paramGVK()
	selector := labels.Nothing()
	if ref.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(ref.Selector); err != nil {
			return nil, err
		}
	}
	var out []runtime.Object
	for _, each := range d.parameters {
		namespace := ref.Namespace
		if namespace == "" && each.GetNamespace() != "" {
			namespace = d.request.Namespace.Name
		}
		named := ref.Name != "" && each.GetName() == ref.Name || ref.Selector != nil && selector.Matches(labels.Set(each.GetLabels()))
		if each.GroupVersionKind() == kind && each.GetNamespace() == namespace && named {
			out = append(out, each)
		}
	}
	if len(out) == 0 && (ref.ParameterNotFoundAction == nil || *ref.ParameterNotFoundAction == v1.DenyAction) {
		return nil, errors.New("no params found for policy binding with `Deny` parameterNotFoundAction")
	}
	return out, nil
}

// invocation is a policy with one of its parameters.
type invocation struct {
	*decision
	policy  *policy
	binding binding
	param   runtime.Object
}

// each calls do for each parameter of each binding of the policy, if it is for the request.
func (d *decision) each(of *policy, do func(*invocation) error) error {
	if on, err := d.matches(of.matchConstraints); err != nil || !on {
		return err
	}
	for _, bound := range of.bindings {
		if on, err := d.matches(bound.matchResources); err != nil || !on {
			if err != nil {
				return err
			}
			continue
		}
		params, err := d.params(of, bound)
		if err != nil {
			d.refuse(of, bound, err.Error(), metav1.StatusReasonInvalid)
		}
		for _, param := range params {
			if err := do(&invocation{d, of, bound, param}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *decision) refuse(by *policy, bound binding, message string, reason metav1.StatusReason) {
	said := refusal{by.kind, by.name, message, string(reason)}
	if bound.actions == nil || slices.Contains(bound.actions, v1.Deny) {
		d.out.Refusals = append(d.out.Refusals, said)
	}
	if slices.Contains(bound.actions, v1.Warn) {
		d.out.Warnings = append(d.out.Warnings, said)
	}
}

// failed is an error of the policy itself.
func (i *invocation) failed(err error) {
	if i.policy.failurePolicy == nil || *i.policy.failurePolicy == v1.Fail {
		i.refuse(i.policy, i.binding, err.Error(), metav1.StatusReasonInvalid)
	}
}

// wanted evaluates the matchConditions.
func (i *invocation) wanted(ctx context.Context) bool {
	if i.policy.matcher == nil {
		return true
	}
	result := i.policy.matcher.Match(ctx, i.attribute, i.param, nobody{})
	var spent uint64
	for _, each := range i.policy.expressions {
		spent += each.spent
	}
	i.note("matchConditions", int64(spent))
	if result.Error != nil {
		i.failed(result.Error)
	}
	return result.Error == nil && result.Matches
}

// note keeps what an evaluation has cost, and what each of its expressions has.
func (i *invocation) note(what string, total int64) {
	i.out.Evaluations = append(i.out.Evaluations, cost{i.policy.kind, i.policy.name, what, total})
	for _, each := range i.policy.expressions {
		if each.spent > 0 {
			name := each.Kind + " " + each.Policy + " " + each.Field
			i.out.Expressions[name] = max(i.out.Expressions[name], each.spent)
		}
		each.spent = 0
	}
}

// measured is a MutatingEvaluator that keeps the budget that is left.
type measured struct {
	plugincel.MutatingEvaluator
	left *int64
}

func (m measured) ForInput(ctx context.Context, attribute *admission.VersionedAttributes, asked *admissionv1.AdmissionRequest, inputs plugincel.OptionalVariableBindings,
	namespace *corev1.Namespace, budget int64) (plugincel.EvaluationResult, int64, error) {
	result, left, err := m.MutatingEvaluator.ForInput(ctx, attribute, asked, inputs, namespace, budget)
	*m.left = left
	return result, left, err
}

func (d *decision) mutate(by *policy, again bool) (bool, error) {
	changed := false
	err := d.each(by, func(i *invocation) error {
		key := by.name + " " + i.binding.name
		if i.param != nil {
			key += " " + i.param.(*unstructured.Unstructured).GetName()
		}
		ctx := by.compiler.CreateContext(context.Background())
		if !i.wanted(ctx) || again && !d.invoked[key] {
			return nil
		}
		for n, each := range by.patchers {
			left := int64(-1)
			before := d.attribute.VersionedObject.Object()
			after, err := patch.NewJSONPatcher(measured{each, &left}).Patch(ctx, patch.Request{MatchedResource: d.resource, VersionedAttributes: d.attribute,
				ObjectInterfaces:  admission.NewObjectInterfacesFromScheme(d.scheme),
				OptionalVariables: plugincel.OptionalVariableBindings{VersionedParams: i.param, Authorizer: nobody{}}, Namespace: &d.request.Namespace},
				celconfig.RuntimeCELCostBudget)
			i.note(fmt.Sprintf("mutations[%d]", n), celconfig.RuntimeCELCostBudget-left)
			if err != nil {
				i.failed(err)
				continue
			}
			same, err := equal(before, after)
			if err != nil {
				return err
			}
			changed = changed || !same
			d.attribute.UpdateObject(after)
		}
		d.invoked[key] = by.reinvocable
		return nil
	})
	return changed, err
}

func equal(a, b runtime.Object) (bool, error) {
	first, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	second, err := json.Marshal(b)
	return string(first) == string(second), err
}

// patched is the object after a JSON Patch.
func (d *decision) patched(object runtime.Object, change json.RawMessage) (runtime.Object, error) {
	patches, err := jsonpatch.DecodePatch(change)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	if text, err = patches.Apply(text); err != nil {
		return nil, err
	}
	out, _, err := d.decode(text)
	return out, err
}

func (d *decision) validate(by *policy) error {
	return d.each(by, func(i *invocation) error {
		ctx := by.compiler.CreateContext(context.Background())
		if !i.wanted(ctx) {
			return nil
		}
		asked := plugincel.CreateAdmissionRequest(d.attribute.Attributes, metav1.GroupVersionResource(d.resource), metav1.GroupVersionKind(d.attribute.VersionedKind))
		namespace := plugincel.CreateNamespaceObject(&d.request.Namespace)
		inputs := plugincel.OptionalVariableBindings{VersionedParams: i.param, Authorizer: nobody{}}
		results, left, err := by.validate.ForInput(ctx, d.attribute, asked, inputs, namespace, celconfig.RuntimeCELCostBudget)
		if err != nil {
			i.note("validations", celconfig.RuntimeCELCostBudget-left)
			i.failed(err)
			return nil
		}
		inputs.Authorizer = nil
		messages, left, err := by.messages.ForInput(ctx, d.attribute, asked, inputs, namespace, left)
		i.note("validations", celconfig.RuntimeCELCostBudget-left)
		if err != nil {
			i.failed(err)
			return nil
		}
		for n, result := range results {
			if result.Error != nil {
				i.failed(result.Error)
			} else if result.EvalResult != celtypes.True {
				i.refuseValidation(by.validations[n], messages[n])
			}
		}
		return nil
	})
}

// refuseValidation refuses with the message as the API server's package policy/validating chooses it.
func (i *invocation) refuseValidation(refused v1.Validation, result plugincel.EvaluationResult) {
	message := refused.Message
	if result.Error == nil && result.EvalResult != nil {
		if text, ok := result.EvalResult.Value().(string); ok {
			if text = strings.TrimSpace(text); text != "" && len(text) <= celconfig.MaxEvaluatedMessageExpressionSizeBytes && !strings.Contains(text, "\n") {
				message = text
			}
		}
	}
	if message == "" {
		message = "failed expression: " + strings.TrimSpace(refused.Expression)
	}
	reason := metav1.StatusReasonInvalid
	if refused.Reason != nil {
		reason = *refused.Reason
	}
	i.refuse(i.policy, i.binding, message, reason)
}
