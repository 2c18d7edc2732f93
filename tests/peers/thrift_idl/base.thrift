/** What every service of the tests has. */
service Base {
  string ping()
}
