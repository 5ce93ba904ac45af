package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/counterpart-go/counterpart/mockserver"
	"github.com/counterpart-go/counterpart/mockserver/internal/seqset"
	"github.com/counterpart-go/counterpart/openapi"
)

// tx is a collection inside View or Update.
type tx struct {
	ctx        context.Context
	tx         *sql.Tx
	store      *Store
	writable   bool
	number     int64 // of the collection; 0 when it does not exist
	seq, saved int64 // of the last document
	err        error // the first fault: nothing works after it
}

var errReadOnly = errors.New("sqlstore: a view of the store cannot write")

// all is the term of every document; every other has a "=".
const all = ""

// lock waits until nobody else changes the collection. It makes one that does not exist.
func (t *tx) lock(name string) error {
	for {
		if err := t.find(name); err != nil || t.number != 0 {
			return err
		}
		// Who makes another collection at the same time may take the number first: then there is no row yet.
		if _, err := t.exec(`INSERT INTO counterpart_collections (name, number, seq)
			SELECT $1, COALESCE(MAX(number), 0) + 1, 0 FROM counterpart_collections WHERE true ON CONFLICT DO NOTHING`, []byte(name)); err != nil {
			return err
		}
	}
}

func (t *tx) find(name string) error {
	query := `SELECT number, seq FROM counterpart_collections WHERE name = $1`
	if t.writable {
		query += t.store.forUpdate
	}
	err := t.query(func(r *sql.Rows) error { return r.Scan(&t.number, &t.seq) }, query, []byte(name))
	t.saved = t.seq
	return err
}

func (t *tx) saveSeq() error {
	if t.seq == t.saved {
		return nil
	}
	_, err := t.exec(`UPDATE counterpart_collections SET seq = $2 WHERE number = $1`, t.number, t.seq)
	return err
}

// Get implements [mockserver.Collection].
func (t *tx) Get(id string) (mockserver.Document, bool, error) {
	found, err := t.documents(`id = $2`, []byte(id))
	if err != nil || len(found) == 0 {
		return mockserver.Document{}, false, err
	}
	return found[0], true, nil
}

// Put implements [mockserver.Collection].
func (t *tx) Put(d mockserver.Document) error {
	if !t.writable {
		return errReadOnly
	}
	keys, body := encodeKeys(d.Keys), append([]byte{}, d.Body.Bytes()...)
	inserted, err := t.exec(`INSERT INTO counterpart_documents (collection, id, seq, keys, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (collection, id) DO NOTHING`, t.number, []byte(d.ID), t.seq+1, keys, body)
	if err != nil {
		return err
	}
	if inserted == 1 {
		t.seq++
		return t.index(uint64(t.seq), termsOf(d.Keys), nil)
	}
	seq, old, err := t.placeOf(`SELECT seq, keys FROM counterpart_documents WHERE collection = $1 AND id = $2`, d.ID)
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE counterpart_documents SET keys = $3, body = $4 WHERE collection = $1 AND id = $2`, t.number, []byte(d.ID), keys, body); err != nil {
		return err
	}
	added, removed := termsOf(d.Keys), termsOf(old)
	return t.index(seq, without(added, removed), without(removed, added))
}

// Delete implements [mockserver.Collection].
func (t *tx) Delete(id string) (bool, error) {
	if !t.writable {
		return false, errReadOnly
	}
	seq, keys, err := t.placeOf(`DELETE FROM counterpart_documents WHERE collection = $1 AND id = $2 RETURNING seq, keys`, id)
	if err != nil || seq == 0 {
		return false, err
	}
	return true, t.index(seq, nil, termsOf(keys))
}

// placeOf gives the place and the keys of a document, 0 when there is none.
func (t *tx) placeOf(query, id string) (seq uint64, keys map[string]string, err error) {
	err = t.query(func(r *sql.Rows) error {
		var encoded []byte
		if err := r.Scan(&seq, &encoded); err != nil {
			return err
		}
		keys, err = decodeKeys(encoded)
		return err
	}, query, t.number, []byte(id))
	return seq, keys, err
}

// List implements [mockserver.Collection]. It reads the index of each term, 0.15 bytes a document, and the documents of
// the page only.
func (t *tx) List(q mockserver.Query) ([]mockserver.Document, int, error) {
	if q.ID != "" {
		return t.listOne(q)
	}
	terms := []string{all}
	if len(q.Equal) > 0 {
		terms = without(termsOf(q.Equal), terms)
	}
	sets, err := t.sets(terms)
	if err != nil {
		return nil, 0, err
	}
	seqs, total := seqset.Select(sets, q.Offset, q.Limit)
	documents, err := t.bySeq(seqs)
	return documents, total, err
}

// listOne lists at most the document of the query's id.
func (t *tx) listOne(q mockserver.Query) ([]mockserver.Document, int, error) {
	d, found, err := t.Get(q.ID)
	if err != nil || !found || len(without(termsOf(q.Equal), termsOf(d.Keys))) > 0 {
		return nil, 0, err
	}
	if q.Offset > 0 {
		return nil, 1, nil
	}
	return []mockserver.Document{d}, 1, nil
}

// sets are the documents that have a term, for each of the terms. None when a term has no document: so neither has
// all of them.
func (t *tx) sets(terms []string) ([]seqset.Set, error) {
	var sets []seqset.Set
	for _, term := range terms {
		var having seqset.Set
		err := t.query(func(r *sql.Rows) (err error) {
			var bucket uint64
			var bits sql.RawBytes
			if err := r.Scan(&bucket, &bits); err != nil {
				return err
			}
			having, err = having.Join(bucket, bits)
			return err
		}, `SELECT bucket, bits FROM counterpart_index WHERE collection = $1 AND term = $2 ORDER BY bucket`, t.number, []byte(term))
		if err != nil || len(having) == 0 {
			return nil, err
		}
		sets = append(sets, having)
	}
	return sets, nil
}

func (t *tx) bySeq(seqs []uint64) ([]mockserver.Document, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	list, err := t.store.seqs(seqs)
	if err != nil {
		return nil, err
	}
	return t.documents(t.store.anyOf+` ORDER BY seq`, list)
}

func (t *tx) documents(where string, arg any) ([]mockserver.Document, error) {
	var list []mockserver.Document
	err := t.query(func(r *sql.Rows) (err error) {
		var id, keys, body []byte
		if err := r.Scan(&id, &keys, &body); err != nil {
			return err
		}
		d := mockserver.Document{ID: string(id), Body: openapi.NewText(body)}
		d.Keys, err = decodeKeys(keys)
		list = append(list, d)
		return err
	}, `SELECT id, keys, body FROM counterpart_documents WHERE collection = $1 AND `+where, t.number, arg)
	return list, err
}

// index notes that the document at seq has got terms and lost others.
func (t *tx) index(seq uint64, added, removed []string) error {
	terms := slices.Concat(added, removed)
	if len(terms) == 0 {
		return nil
	}
	sets, err := t.bucket(seqset.Bucket(seq), terms)
	if err != nil {
		return err
	}
	for _, term := range added {
		sets[term] = sets[term].Add(seq)
	}
	for _, term := range removed {
		sets[term] = sets[term].Remove(seq)
	}
	return t.saveBucket(seqset.Bucket(seq), terms, sets)
}

// bucket reads one bucket of the terms' index.
func (t *tx) bucket(bucket uint64, terms []string) (map[string]seqset.Set, error) {
	sets := map[string]seqset.Set{}
	err := t.query(func(r *sql.Rows) error {
		var term, bits []byte
		if err := r.Scan(&term, &bits); err != nil {
			return err
		}
		set, err := seqset.Set(nil).Join(bucket, bits)
		sets[string(term)] = set
		return err
	}, `SELECT term, bits FROM counterpart_index WHERE collection = $1 AND bucket = $2 AND term IN `+parameters(3, len(terms)),
		append([]any{t.number, int64(bucket)}, blobs(terms)...)...)
	return sets, err
}

// saveBucket writes one bucket of the terms' index. A set that has become empty has no row.
func (t *tx) saveBucket(bucket uint64, terms []string, sets map[string]seqset.Set) error {
	var empty, rows []string
	args := []any{t.number, int64(bucket)}
	for _, term := range terms {
		if len(sets[term]) == 0 {
			empty = append(empty, term)
			continue
		}
		rows = append(rows, fmt.Sprintf("($1, $%d, $2, $%d)", len(args)+1, len(args)+2))
		args = append(args, []byte(term), sets[term].Encode())
	}
	if len(rows) > 0 {
		if _, err := t.exec(`INSERT INTO counterpart_index (collection, term, bucket, bits) VALUES `+strings.Join(rows, ", ")+
			` ON CONFLICT (collection, term, bucket) DO UPDATE SET bits = excluded.bits`, args...); err != nil {
			return err
		}
	}
	if len(empty) == 0 {
		return nil
	}
	_, err := t.exec(`DELETE FROM counterpart_index WHERE collection = $1 AND bucket = $2 AND term IN `+parameters(3, len(empty)),
		append([]any{t.number, int64(bucket)}, blobs(empty)...)...)
	return err
}

// version is that of the tables; nobody changes it before the transaction ends.
func (t *tx) version() (version int, err error) {
	err = t.query(func(r *sql.Rows) error { return r.Scan(&version) }, `SELECT version FROM counterpart_schema`+t.store.forUpdate)
	return version, err
}

// probeSize is in bytes, probeCollection is the number of no collection.
const (
	probeSize       = 8 << 10
	probeCollection = 0
)

// probe writes a document of no collection.
func (t *tx) probe() error {
	version, err := t.version()
	if err == nil && version > latest {
		err = &NewerError{version}
	}
	if err == nil {
		_, err = t.exec(`INSERT INTO counterpart_documents (collection, id, seq, keys, body) VALUES ($1, $2, 0, $2, $3)
			ON CONFLICT (collection, id) DO UPDATE SET body = excluded.body`, probeCollection, []byte("probe"), make([]byte, probeSize))
	}
	return err
}

func (t *tx) endProbe() error {
	_, err := t.exec(`DELETE FROM counterpart_documents WHERE collection = $1`, probeCollection)
	return err
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	if t.err != nil {
		return 0, t.err
	}
	result, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, t.fail(err)
	}
	n, err := result.RowsAffected()
	return n, t.fail(err)
}

// query gives each row to scan.
func (t *tx) query(scan func(*sql.Rows) error, query string, args ...any) error {
	if t.err != nil {
		return t.err
	}
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return t.fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return t.fail(err)
		}
	}
	return t.fail(rows.Err())
}

func (t *tx) fail(err error) error {
	if err != nil && t.err == nil {
		t.err = t.store.fault(t.ctx, err)
	}
	return t.err
}

// parameters is a list of n parameters from $first on.
func parameters(first, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("$%d", first+i)
	}
	return "(" + strings.Join(list, ", ") + ")"
}

func blobs(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = []byte(text)
	}
	return list
}

func encodeKeys(keys map[string]string) []byte {
	values := url.Values{}
	for name, value := range keys {
		values.Set(name, value)
	}
	return []byte(values.Encode())
}

func decodeKeys(encoded []byte) (map[string]string, error) {
	values, err := url.ParseQuery(string(encoded))
	keys := make(map[string]string, len(values))
	for name := range values {
		keys[name] = values.Get(name)
	}
	return keys, err
}

// longestTerm keeps a row of the index below what a page of a database takes.
const longestTerm = 512

// termsOf gives what a document with the keys is found by, in a fixed order: so no two updates wait for each other in a
// circle.
func termsOf(keys map[string]string) []string {
	terms := []string{all}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		term := url.QueryEscape(name) + "=" + url.QueryEscape(keys[name])
		if len(term) > longestTerm {
			sum := sha256.Sum256([]byte(term))
			term = "sha256:" + hex.EncodeToString(sum[:])
		}
		terms = append(terms, term)
	}
	return terms
}

func without(terms, others []string) []string {
	return slices.DeleteFunc(slices.Clone(terms), func(term string) bool { return slices.Contains(others, term) })
}
