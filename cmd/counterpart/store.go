package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/sqlstore"
)

const memoryStore = "memory"

// storeFlag has no validator: its message would show the password of an address.
func storeFlag() cli.Flag {
	return &cli.StringFlag{
		Name:        "store",
		Usage:       "keep what is created at `ADDRESS`: memory, sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE, which several may share",
		Value:       memoryStore,
		DefaultText: memoryStore,
		Sources:     env("store"),
	}
}

func openStore(ctx context.Context, c *cli.Command) (mockserver.Store, error) {
	address := c.String("store")
	if address == memoryStore {
		return mockserver.NewMemory(), nil
	}
	store, err := sqlstore.Open(ctx, address, sqlstore.Options{})
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return store, nil
}
