// Package stub answers single cases in ways of their own.
//
// A stub says which requests it is for and what they are answered with: an example of the document, a literal body, or a
// template whose placeholders take values from the request. Stubs are tried in the order of their priority, of equal ones
// the newest first. One may answer so many times and no more, or only in one state of a scenario, which it then puts into
// the next.
package stub
