// Fetches all URLs of a file, 64 at once, and prints how many came and how many bytes.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
)

const atOnce = 64

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	transport := &http.Transport{MaxIdleConns: atOnce, MaxIdleConnsPerHost: atOnce}
	client := &http.Client{Transport: transport}
	urls := make(chan string, atOnce)
	var count, bytes atomic.Int64
	var workers sync.WaitGroup
	for i := 0; i < atOnce; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for url := range urls {
				response, err := client.Get(url)
				if err != nil {
					continue
				}
				length, err := io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if err == nil && response.StatusCode == 200 {
					count.Add(1)
					bytes.Add(length)
				}
			}
		}()
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		urls <- lines.Text()
	}
	close(urls)
	workers.Wait()
	fmt.Println(count.Load(), bytes.Load())
}
