package contract

import (
	"net/http"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/openapi"
)

// foreign is a reason for a refusal that openapi.Refusal does not know: what belongs to another parent. The document
// does not say how.
const foreign = "foreign"

// foresees says whether the document says how the operation refuses for a reason: only then is a refusal held to it. A
// document that is silent is not broken by a refusal.
func foresees(spec *openapi.Spec, op *openapi.Operation, reason string) bool {
	if _, ok := spec.Refusal(reason, nil); ok {
		return true
	}
	return reason != foreign && slices.ContainsFunc(openapi.UsualStatuses(reason), func(status int) bool { return describesStatus(op, status) })
}

// describesStatus says whether the operation describes what it answers with a status of 400 or above. A default that
// stands alone is the description of success.
func describesStatus(op *openapi.Operation, status int) bool {
	answer := op.Answer(status)
	return answer != nil && (answer.Status != "default" || describesSuccess(op))
}

func describesSuccess(op *openapi.Operation) bool {
	return slices.ContainsFunc(op.Responses, func(a *openapi.Answer) bool { return strings.HasPrefix(a.Status, "2") })
}

// refusalIsDescribed says whether the operation's own words apply to a refusal: it describes the status, or others for
// the same reason.
func (x *Exchange) refusalIsDescribed() bool {
	op, status := x.Step.Operation, x.Response.Status
	if describesStatus(op, status) {
		return true
	}
	if op.Answer(status) != nil || x.strayed() {
		return false
	}
	if x.Step.Refused == foreign {
		return slices.ContainsFunc(op.Responses, func(a *openapi.Answer) bool { return a.Status == "default" || strings.HasPrefix(a.Status, "4") })
	}
	return foresees(x.spec, op, x.Step.Refused)
}

// strayed says whether a value in the path may have led nowhere: to a router it is no segment of the template.
func (x *Exchange) strayed() bool {
	inPath := func(a Argument) bool { return a.In == openapi.InPath }
	return x.Step.Refused == openapi.Invalid && x.Response.Status == http.StatusNotFound && slices.ContainsFunc(x.Step.Arguments, inPath)
}
