package mockserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/counterpart-go/counterpart/generated"
	"github.com/counterpart-go/counterpart/mockserver"
)

// The same requests get the same answers over a socket and without one.
func TestTransport(t *testing.T) {
	t.Parallel()
	withSocket, without := mockserver.Start(t, mockserver.Options{Seed: 4, Limits: mockserver.Limits{Body: 2000}}), mockserver.InTest(t, mockserver.Options{Seed: 4, Limits: mockserver.Limits{Body: 2000}})
	for _, srv := range []*mockserver.Server{withSocket, without} {
		srv.Clock().Set(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
		srv.Clock().Freeze()
		srv.Clock().Set(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	}
	direct := &http.Client{Transport: mockserver.Transport(without)}
	for _, tc := range []struct{ reason, method, target, body string }{
		{"create", "POST", collection(project), sound("a", mysql)},
		{"refuse", "POST", collection(project), sound("a", mysql)},
		{"list", "GET", collection(project) + "?limit=1&connector_name=a", ""},
		{"HEAD", "HEAD", collection(project), ""},
		{"an unknown path", "GET", "/nowhere", ""},
		{"escaped", "GET", "/v2/%2f/data-connectors", ""},
		{"too large", "POST", collection(project), strings.Repeat(" ", 3000)},
		{"too large, in chunks", "POST in chunks", collection(project), strings.Repeat(" ", 3000)},
		{"in chunks", "POST in chunks", collection(project), sound("b", mysql)},
		{"no body", "POST", collection(project), ""},
		{"control", "GET", "/_counterpart/clock", ""},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			ask := func(client *http.Client, base string) (answer, http.Header) {
				method, chunked := strings.CutSuffix(tc.method, " in chunks")
				request, err := http.NewRequestWithContext(t.Context(), method, base+tc.target, strings.NewReader(tc.body))
				if err != nil {
					t.Fatal(err)
				}
				if chunked {
					request.ContentLength = -1
				}
				request.Header.Set("Content-Type", "application/json")
				response, err := client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				header := response.Header.Clone()
				header.Del("Date")
				return answer{response.StatusCode, nil, string(body)}, header
			}
			wire, wireHeader := ask(plain, withSocket.URL)
			same, header := ask(direct, "http://mock")
			if same.status != wire.status || same.body != wire.body {
				t.Errorf("%d %q, over a socket %d %q", same.status, same.body, wire.status, wire.body)
			}
			for name := range wireHeader {
				if name != "Connection" && header.Get(name) != wireHeader.Get(name) {
					t.Errorf("%s: %q, over a socket %q", name, header.Get(name), wireHeader.Get(name))
				}
			}
		})
	}
}

func TestTransportWithTheGeneratedClient(t *testing.T) {
	t.Parallel()
	srv := mockserver.InTest(t, mockserver.Options{})
	client, err := generated.NewClientWithResponses("https://mrs.example.com", generated.WithHTTPClient(&http.Client{Transport: mockserver.Transport(srv)}))
	if err != nil {
		t.Fatal(err)
	}
	together(t, func(ctx context.Context, worker int) error {
		list, err := client.ListDataConnectorsWithResponse(ctx, project, nil)
		if err == nil && list.JSON200 == nil {
			err = errors.New(list.Status())
		}
		return err
	})
}

// What goes wrong on the way is an error where it would be one over a socket.
func TestTransportErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		reason  string
		handler http.HandlerFunc
		sent    string
		request error // of RoundTrip
		body    error // of reading the answer
	}{
		{"sound", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "all") }, "all", nil, nil},
		{"empty", func(http.ResponseWriter, *http.Request) {}, "", nil, nil},
		{"ends without an answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", io.ErrUnexpectedEOF, nil},
		{"ends in the body", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "so far")
			panic(http.ErrAbortHandler)
		}, "so far", nil, io.ErrUnexpectedEOF},
		{"announces more than comes", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
		}, "half", nil, io.ErrUnexpectedEOF},
		{"sends more than it announces", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2")
			_, _ = io.WriteString(w, "ab")
			if _, err := io.WriteString(w, "c"); !errors.Is(err, http.ErrContentLength) {
				panic(err)
			}
		}, "ab", nil, nil},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mock/", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := mockserver.Transport(tc.handler).RoundTrip(request)
			if !errors.Is(err, tc.request) {
				t.Fatalf("%v, want %v", err, tc.request)
			}
			if err != nil {
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if !errors.Is(err, tc.body) || string(body) != tc.sent {
				t.Errorf("%q and %v, want %q and %v", body, err, tc.sent, tc.body)
			}
		})
	}
}

// Whoever goes away, the other notices: the client's context ends the request, and closing the body does.
func TestTransportContexts(t *testing.T) {
	t.Parallel()
	noticed := make(chan struct{})
	waits := mockserver.Transport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/header" {
			w.WriteHeader(http.StatusOK)
		}
		<-r.Context().Done()
		noticed <- struct{}{}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	before, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://mock/header", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := waits.RoundTrip(before)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(response.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("reading: %v", err)
	}
	<-noticed
	response.Body.Close()
	if response, err := waits.RoundTrip(before); !errors.Is(err, context.Canceled) {
		response.Body.Close()
		t.Errorf("with a context that is over: %v", err)
	}

	closed, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mock/header", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err = waits.RoundTrip(closed); err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	<-noticed
	ctx, cancel = context.WithCancel(t.Context())
	silent := closed.Clone(ctx)
	silent.URL.Path = "/silent"
	go cancel()
	if response, err := waits.RoundTrip(silent); !errors.Is(err, context.Canceled) {
		response.Body.Close()
		t.Errorf("while it waits: %v", err)
	} else if errors.Is(err, context.Canceled) {
		select {
		case <-noticed:
		default: // it was over before the handler began
		}
	}
}
