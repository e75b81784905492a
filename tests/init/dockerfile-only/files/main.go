package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	zone := os.Getenv("CLOCK_ZONE")
	http.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, time.Now(), zone) })
	http.ListenAndServe(":7000", nil)
}
