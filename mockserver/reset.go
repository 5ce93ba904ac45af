package mockserver

import "context"

// Reset takes the server back to how it was started: without a journal, with the items, the settings and the clock of its
// configuration. With a project, only the items and the journal of that project are gone. The error is an
// [*UnavailableError] when the store is away, or a [*ConfigurationError] where the items of the configuration do not fit a
// document that has changed since; then it is without items.
func (s *Server) Reset(ctx context.Context, project string) error {
	if err := s.Clear(ctx, project); err != nil {
		return err
	}
	s.journal.Clear(project)
	if project != "" {
		return nil
	}
	for _, reset := range s.resets() {
		reset()
	}
	return s.loadState(ctx)
}

// resets are all that a reset takes back beside the items and the journal.
func (s *Server) resets() []func() {
	return []func(){
		s.clock.Reset,
		s.resetStubs,
		s.resetFaults,
		s.connectors.reset,
		s.resume,
	}
}
