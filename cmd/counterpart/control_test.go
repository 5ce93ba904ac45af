package main

import (
	"net"
	"testing"
)

// The warning is for addresses that other machines reach.
func TestOnLoopback(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1": true, "127.8.0.1": true, "::1": true, "0.0.0.0": false, "::": false, "10.1.2.3": false} {
		if got := onLoopback(&net.TCPAddr{IP: net.ParseIP(address), Port: 1}); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
