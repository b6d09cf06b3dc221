package lint

import (
	"fmt"
	"strings"
)

// GitHub returns the finding as a workflow command of GitHub Actions, which shows it beside the line of the file.
func (f Finding) GitHub() string {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	level := string(f.Severity)
	if f.Severity == Note {
		level = "notice"
	}
	return fmt.Sprintf("::%s file=%s,line=%d,col=%d,title=%s::%s", level, property.Replace(f.File), f.Line, f.Column, property.Replace(f.Rule), data.Replace(f.Text()))
}
