package contract

import (
	"encoding/json"
	"io"
	"net/url"
	"time"
)

// The parts of SARIF 2.1.0 that say something here; testdata/schemas holds its schema.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
	Properties  sarifRunBag       `json:"properties"`
}

type sarifRunBag struct {
	Target string     `json:"target"`
	Spec   ReportSpec `json:"spec"`
	Seed   uint64     `json:"seed"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string    `json:"id"`
	ShortDescription sarifText `json:"shortDescription"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	StartTimeUTC        string              `json:"startTimeUtc"`
	EndTimeUTC          string              `json:"endTimeUtc"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID              string            `json:"ruleId"`
	Level               string            `json:"level"`
	Message             sarifText         `json:"message"`
	Locations           []sarifLocation   `json:"locations"`
	PartialFingerprints map[string]string `json:"partialFingerprints"`
	BaselineState       string            `json:"baselineState,omitempty"`
	Properties          sarifResultBag    `json:"properties"`
}

type sarifResultBag struct {
	Case      string `json:"case"`
	After     string `json:"after,omitempty"`
	Pointer   string `json:"pointer"`
	Rule      string `json:"rule"`
	Reproduce string `json:"reproduce"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact struct {
		URI string `json:"uri"`
	} `json:"artifactLocation"`
	Region *sarifRegion `json:"region,omitempty"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
}

// WriteSARIF writes the report in the Static Analysis Results Interchange Format, version 2.1.0. A finding stands where
// the document has the rule that it breaks.
func (r *Report) WriteSARIF(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool:        sarifTool{sarifDriver{r.Tool, r.Version, "https://" + module, sarifRules()}},
			Invocations: []sarifInvocation{r.sarifInvocation()},
			Results:     r.sarifResults(),
			Properties:  sarifRunBag{r.Target, r.Spec, r.Seed},
		}},
	})
}

func sarifRules() []sarifRule {
	var rules []sarifRule
	for _, c := range Checks() {
		rules = append(rules, sarifRule{c.Name, sarifText{c.Rule}})
	}
	return rules
}

// sarifInvocation tells of an interruption, the warnings, and what the baseline knows in vain.
func (r *Report) sarifInvocation() sarifInvocation {
	const utc = "2006-01-02T15:04:05.000Z"
	end := r.Started.Add(time.Duration(r.DurationMS) * time.Millisecond)
	i := sarifInvocation{r.Interrupted == "", r.Started.UTC().Format(utc), end.UTC().Format(utc), []sarifNotification{}}
	notify := func(level, text string) {
		i.Notifications = append(i.Notifications, sarifNotification{level, sarifText{text}})
	}
	if r.Interrupted != "" {
		notify("error", "interrupted: "+r.Interrupted)
	}
	for _, w := range r.Warnings {
		notify("warning", w.String())
	}
	for _, gone := range r.Gone {
		notify("note", "gone from the baseline: "+gone)
	}
	return i
}

func (r *Report) sarifResults() []sarifResult {
	_, known := r.byBaseline()
	results := make([]sarifResult, len(r.Findings))
	for i, f := range r.Findings {
		results[i] = f.sarif()
		if results[i].BaselineState == "" && len(known)+len(r.Gone) > 0 {
			results[i].BaselineState = "new"
		}
	}
	return results
}

func (f Finding) sarif() sarifResult {
	result := sarifResult{
		RuleID:              f.Check,
		Level:               "error",
		Message:             sarifText{f.Operation + ": " + f.Message},
		Locations:           []sarifLocation{{sarifPlace(f.Rule), []sarifLogical{{f.Operation}}}},
		PartialFingerprints: map[string]string{"counterpart/v1": f.fingerprint()},
		Properties:          sarifResultBag{f.Case, f.After, f.Pointer, f.Rule, f.Reproduce},
	}
	if f.Known {
		result.Level, result.BaselineState = "note", "unchanged"
	}
	return result
}

// sarifPlace is the rule's place in the document, nil where the rule is in words.
func sarifPlace(rule string) *sarifPhysical {
	p, ok := parsePlace(rule)
	if !ok {
		return nil
	}
	physical := &sarifPhysical{}
	physical.Artifact.URI = (&url.URL{Path: p.file}).String()
	if p.line > 0 {
		physical.Region = &sarifRegion{p.line}
	}
	return physical
}
