package lint

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// The parts of SARIF 2.1.0 that code scanning reads
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
		FullDescription  sarifText `json:"fullDescription"`
		Help             sarifText `json:"help"`
		Default          struct {
			Level Severity `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     Severity        `json:"level"` // its names are ours
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPlace `json:"physicalLocation"`
		Message  *sarifText `json:"message,omitempty"`
	}
	sarifPlace struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region struct {
			StartLine   int `json:"startLine"`
			StartColumn int `json:"startColumn"`
		} `json:"region"`
	}
)

// WriteSARIF writes findings as a SARIF 2.1.0 log of one run, with all rules,
// for GitHub's code scanning and its like. The version is composer's.
func WriteSARIF(w io.Writer, found []Finding, version string) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	driver := sarifDriver{Name: "composer lint", Version: version}
	index := map[string]int{}
	for i, r := range Rules() {
		index[r.Name] = i
		rule := sarifRule{
			ID: r.Name, ShortDescription: sarifText{capital(r.What)}, FullDescription: sarifText{r.Why}, Help: sarifText{r.Why},
		}
		rule.Default.Level = r.Severity
		driver.Rules = append(driver.Rules, rule)
	}
	for _, f := range found {
		result := sarifResult{RuleID: f.Rule, RuleIndex: index[f.Rule], Level: f.Severity, Message: sarifText{f.Message}}
		result.Locations = []sarifLocation{{Physical: newSARIFPlace(f.Place)}}
		if r := f.Related; r != (text.Place{}) {
			result.Related = []sarifLocation{{newSARIFPlace(r), &sarifText{"the other one"}}}
		}
		run.Results = append(run.Results, result)
	}
	run.Tool.Driver = driver
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

func newSARIFPlace(at text.Place) (place sarifPlace) {
	place.Artifact.URI = uri(at.File)
	place.Region.StartLine, place.Region.StartColumn = at.Line, at.Column
	return place
}

// uri returns a path as a reference, which is relative where the path is.
func uri(path string) string {
	path = filepath.ToSlash(filepath.Clean(path))
	if filepath.IsAbs(path) {
		return (&url.URL{Scheme: "file", Path: path}).String()
	}
	// A colon in the first part would make it a scheme; url.URL writes ./ before it.
	return (&url.URL{Path: path}).String()
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }
