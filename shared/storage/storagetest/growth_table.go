package storagetest

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// growthTable has a row for each size.
func growthTable(rows []growth) string {
	var b strings.Builder
	b.WriteString("| Backend | Objects | written in | heap: store | with watch cache | processes of the database | watch cache filled in | Get | page of 500 | the same, watch cache | Update | its delivery |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
			row.backend, row.objects, row.load.Round(10*time.Millisecond), mebibytes(row.storeHeap), mebibytes(row.cacheHeap), row.database,
			row.start.Round(10*time.Millisecond), row.get, row.page, row.cachePage, row.update, row.delivery)
	}
	return b.String()
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// heap is how many bytes are in use, without garbage.
func heap() int64 {
	// Twice: the first run has finalizers called.
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapInuse)
}
