package signature_test

import (
	"context"
	"crypto/hmac"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/counterpart-go/counterpart/openapi/signature"
)

// The signing guide's sample key, at the time of its worked example.
var key = signature.Key{
	Access: "QTWAOYTTINDUT2QVKYUC",
	Secret: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc",
	Now:    func() time.Time { return time.Date(2019, 11, 15, 3, 36, 55, 0, time.UTC) },
}

func ExampleKey_Sign() {
	req, err := http.NewRequest("GET", "https://service.region.example.com/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs"+
		"?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0", nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if err := key.Sign(context.Background(), req); err != nil {
		panic(err)
	}
	fmt.Println(req.Header.Get("X-Sdk-Date"))
	for part := range strings.SplitSeq(req.Header.Get("Authorization"), ", ") {
		fmt.Println(part)
	}
	// Output:
	// 20191115T033655Z
	// SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC
	// SignedHeaders=content-type;host;x-sdk-date
	// Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe
}

// A server computes the sum anew, from the list of headers that the client
// names, and compares it with the one that was sent.
func ExampleCanonical() {
	req := httptest.NewRequest("GET", "https://example.com/path?limit=1", nil)
	req.Header.Set("X-Sdk-Date", "20060102T150405Z")
	signedHeaders := "x-sdk-date"
	sent := "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624"

	canonical := signature.Canonical(req, strings.Split(signedHeaders, ";"), nil)
	sum := signature.Sum("SecretKey", req.Header.Get("X-Sdk-Date"), canonical)
	fmt.Println(canonical)
	fmt.Println(hmac.Equal([]byte(sum), []byte(sent)))
	// Output:
	// GET
	// /path/
	// limit=1
	// x-sdk-date:20060102T150405Z
	//
	// x-sdk-date
	// e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
	// true
}
