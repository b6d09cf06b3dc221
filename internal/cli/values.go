package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

func valuesCommand() *cli.Command {
	source := &bundleFlags{}
	return &cli.Command{
		Name:      "values",
		Usage:     "print the values of a stage, and where each comes from",
		UsageText: "composer values [--stage NAME] [--values FILE]… [--set KEY=VALUE]… [--bundle DIR] [--json|--schema]",
		Description: examples(
			"composer values --stage ej6", "a line for each value: file:line:column  key=value, as --set takes it",
			"composer values --values my.yaml --set client.image=client:2", "with values of your own",
			"printenv | composer values --values - --values-format env", "from another program",
			"composer values --json", "for programs: the values, and path, value and origin of each",
			"composer values --bundle DIR --schema", "a schema to begin with, which refuses keys that the values lack",
		) + "\n\nLater ones win: values.yaml of the bundle, the stage and those it extends, COMPOSER_VALUES, --values, then COMPOSER_SET,\n" +
			"COMPOSER_SET_STRING and COMPOSER_SET_FILE (a value on each line), then --set, --set-string and --set-file in their order.\n" +
			"Maps are merged, null removes a key, any other value replaces the earlier one. A backslash before a dot makes it part of a key.",
		Flags: append(
			append([]cli.Flag{stageFlag(), bundleFlag()}, source.valueFlags()...),
			jsonFlag("print JSON"),
			boolFlag("schema", "COMPOSER_SCHEMA", "print a JSON schema that the values of all stages keep to, for values.schema.json"),
		),
		Action: func(c *cli.Context) error {
			b, err := source.open(c)
			if err != nil {
				return err
			}
			if c.Bool("schema") {
				return printJSON(c.App.Writer, b.DeriveSchema())
			}
			stage, err := b.Choose(c.String("stage"), stageFile(c))
			if err != nil {
				return err
			}
			merged, err := b.Values(stage.Name)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printValuesJSON(c, stage.Name, merged)
			}
			var table text.Table
			for _, leaf := range merged.Leaves() {
				table.Row(leaf.Origin.String(), leaf.Path+"="+values.Literal(leaf.Value))
			}
			return table.Write(c.App.Writer, 0)
		},
	}
}

func printValuesJSON(c *cli.Context, stage string, merged *values.Node) error {
	type value struct {
		Path   string `json:"path"`
		Value  any    `json:"value"`
		Origin string `json:"origin"`
	}
	leaves := merged.Leaves()
	origins := make([]value, len(leaves))
	for i, leaf := range leaves {
		origins[i] = value{leaf.Path, leaf.Value, leaf.Origin.String()}
	}
	return printJSON(c.App.Writer, map[string]any{"stage": stage, "values": merged.JSON(), "origins": origins})
}
