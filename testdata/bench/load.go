package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// loaders is how many connections load: as many as the busiest comparison has.
	loaders = 32

	// namePrefix and a number from 0 name what is loaded.
	namePrefix = "load-"
)

// sources are what the loaded connectors are of, in turn.
func sources() []string {
	return []string{
		`"source_type":"RDS_MYSQL","source_info":"{\"db_name\":\"default\",\"user_name\":\"mrs\",\"password\":\"*****\",\"rds_instance_id\":\"3aa55f1cb4c3491686936130f21e9f16in01\"}"`,
		`"source_type":"RDS_POSTGRES","source_info":"{\"db_name\":\"hivemeta\",\"user_name\":\"root\",\"password\":\"*****\",\"rds_instance_id\":\"5c8bd3a1f0e94f27a6b1d2c3e4f50617in03\"}"`,
		`"source_type":"gaussdb-mysql","source_info":"{\"db_name\":\"hivemeta\",\"user_name\":\"root\",\"password\":\"*****\",\"rds_instance_id\":\"9d7e6f5a4b3c2d1e0f9a8b7c6d5e4f30in07\"}"`,
	}
}

// client keeps its connections open.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loaders, DisableCompression: true}}
}

// load creates count connectors through POST and says how long that took.
func load(ctx context.Context, url string, count int) (time.Duration, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	c, sources, start := client(), sources(), time.Now()
	defer c.CloseIdleConnections()
	var next atomic.Int64
	var all sync.WaitGroup
	for range loaders {
		all.Go(func() {
			for n := int(next.Add(1)) - 1; n < count && ctx.Err() == nil; n = int(next.Add(1)) - 1 {
				body := `{"data_connector":{"connector_name":"` + namePrefix + strconv.Itoa(n) + `",` + sources[n%len(sources)] + `}}`
				if _, err := exchange(ctx, c, http.MethodPost, url, body, http.StatusCreated); err != nil {
					fail(fmt.Errorf("loading connector %d: %w", n, err))
				}
			}
		})
	}
	all.Wait()
	return time.Since(start), context.Cause(ctx)
}

// exchange sends one request and returns the answer's body. Another status than the one named is an error.
func exchange(ctx context.Context, c *http.Client, method, url, body string, status int) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Auth-Token", "bench")
	request.Header.Set("Authorization", "Bearer bench") // the large document wants one
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s %s is answered with %d, not %d: %s", method, url, response.StatusCode, status, bytes.TrimSpace(text))
	}
	return text, err
}

// fill creates the few connectors that a workload's project holds.
func fill(ctx context.Context, s *server, in course) error {
	if in.workload.holds == 0 || !s.remembers() {
		return nil
	}
	_, err := load(ctx, in.url(s), in.workload.holds)
	return err
}

// probe sends the workload's request once and judges the answer more closely than wrk can.
func probe(ctx context.Context, s *server, in course) (answer, error) {
	c, w := client(), in.workload
	defer c.CloseIdleConnections()
	text, err := exchange(ctx, c, w.method, in.url(s)+numbered(w.query), numbered(w.body), w.status)
	if err == nil && w.total > 0 && s.remembers() {
		err = hasTotal(text, w.total, 0)
	}
	if err != nil {
		return answer{}, fmt.Errorf("%s, %s: %w", w.title, s.name, err)
	}
	return answer{w.status, len(text)}, nil
}

// remembered holds a server to what it has answered: each 201 is a connector in the list. What was on its way when wrk
// stopped may be there too.
func remembered(ctx context.Context, s *server, in course, requests int) error {
	c := client()
	defer c.CloseIdleConnections()
	text, err := exchange(ctx, c, http.MethodGet, in.url(s)+"?limit=1", "", http.StatusOK)
	if err == nil {
		err = hasTotal(text, requests, in.connections)
	}
	if err != nil {
		return fmt.Errorf("what %s remembers: %w", s.name, err)
	}
	return nil
}

// hasTotal wants a total_count from least to more above it.
func hasTotal(list []byte, least, more int) error {
	var page struct {
		Total int `json:"total_count"`
	}
	if err := json.Unmarshal(list, &page); err != nil {
		return fmt.Errorf("a list is no JSON: %w", err)
	}
	if page.Total < least || page.Total > least+more {
		return fmt.Errorf("total_count is %d, not %d", page.Total, least)
	}
	return nil
}
