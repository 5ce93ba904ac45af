package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/openapi"
)

func authFlags() []cli.Flag {
	return []cli.Flag{
		choiceFlag("auth", "whether requests must show who sends them, as the documents ask", "off", "require"),
		&cli.StringFlag{Name: "credentials", Usage: "users, tokens and access keys are in the YAML or JSON `FILE`; with it the identity endpoints are served, too", Sources: env("credentials")},
	}
}

// credentialsOf reads them from the file, unless they are there already; nil where there are none.
func credentialsOf(c *cli.Command, file string, known *mockserver.Credentials) (who *mockserver.Credentials, err error) {
	switch {
	case known != nil:
		copied := *known
		who = &copied
	case file == "" && c.String("auth") == "require":
		return nil, usageError(c, "--auth require needs --credentials FILE, which says who is let in")
	case file == "":
		return nil, nil
	default:
		if who, err = mockserver.ReadCredentials(file); err != nil {
			return nil, fmt.Errorf("--credentials: %w", err)
		}
	}
	who.Optional = c.String("auth") == "off"
	return who, nil
}

// warnOfCredentials says when everybody can read the file.
func warnOfCredentials(log *slog.Logger, file string) {
	if about, err := os.Stat(file); err == nil && about.Mode().Perm()&0o004 != 0 && runtime.GOOS != "windows" {
		log.Warn("every user of the machine can read the credentials", "file", file, "mode", about.Mode().Perm().String())
	}
}

// warnOfOpen says which documents let everybody in although the credentials are there to keep somebody out.
func warnOfOpen(who *mockserver.Credentials, specs []*openapi.Spec, log *slog.Logger) {
	if who == nil || who.Optional {
		return
	}
	for _, spec := range specs {
		if !slices.ContainsFunc(spec.Operations(), func(op *openapi.Operation) bool { return op.Secured }) {
			log.Warn("no operation of the document asks for credentials: everybody is let in", "document", spec.Title)
		}
	}
}
