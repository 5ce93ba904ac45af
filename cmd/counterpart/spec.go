package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/openapi"
)

func specCommand() *cli.Command {
	return &cli.Command{
		Name:        "spec",
		Usage:       "print the contract as one self-contained OpenAPI document",
		Description: withOverlays("For any client generator; 3.0 for those that cannot read 3.1."),
		Flags: []cli.Flag{
			choiceFlag("format", "print it as", "yaml", "json"),
			choiceFlag("openapi", "version of OpenAPI", "3.1", "3.0"),
			specFlag(),
			overlayFlag(),
		},
		Action: printSpec,
	}
}

func printSpec(_ context.Context, c *cli.Command) error {
	if err := noArguments(c); err != nil {
		return err
	}
	spec, err := loadSpec(c)
	if err != nil {
		return err
	}
	document, err := spec.Document(openapi.DocumentOptions{
		JSON:    c.String("format") == "json",
		OpenAPI: c.String("openapi"),
	})
	if err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	_, err = c.Root().Writer.Write(document)
	return err
}
