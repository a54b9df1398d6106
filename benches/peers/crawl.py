"""Crawls the host of a URL with Scrapy, and prints how many pages it found.

Arguments: the URL, how many requests at once.
"""
import sys
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, Rule

url, jobs = sys.argv[1], int(sys.argv[2])
pages = 0


class Pages(CrawlSpider):
    name = "pages"
    start_urls = [url]
    allowed_domains = [urlsplit(url).hostname]
    rules = [Rule(LinkExtractor(), callback="parse_page", follow=True)]

    def parse_page(self, response):
        global pages
        pages += 1

    parse_start_url = parse_page


process = CrawlerProcess(
    {
        "LOG_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": jobs,
        "CONCURRENT_REQUESTS_PER_DOMAIN": jobs,
    }
)
process.crawl(Pages)
process.start()
print(pages)
