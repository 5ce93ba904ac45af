// Package postgrestest gives tests an empty PostgreSQL database: in the server at COUNTERPART_TEST_POSTGRES, a URL whose
// user may create databases, or else in one started from the programs on this machine.
package postgrestest

// Variable names the environment variable with the URL of a server to use.
const Variable = "COUNTERPART_TEST_POSTGRES"

const howToGetOne = "there is no PostgreSQL here: apt install postgresql, or set " + Variable + " to the URL of a server"
