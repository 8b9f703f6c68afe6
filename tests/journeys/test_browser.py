"""What a person sees in a browser, without the internet."""

from urllib.parse import urlsplit

import httpx


async def test_the_docs_list_every_operation_and_ask_nothing_of_the_internet(address, page):
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).hostname or urlsplit(request.url).scheme))
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(f"{address}/docs")
    await page.locator(".opblock").first.wait_for()
    operations = [
        operation
        for methods in httpx.get(f"{address}/openapi.json").json()["paths"].values()
        for operation in methods.values()
        if "operationId" in operation
    ]
    assert await page.locator(".opblock").count() == len(operations)
    assert set(asked) <= {"127.0.0.1", "data", "blob"}
    assert faults == []


async def test_a_problem_has_a_page_that_says_the_way_out(address, page):
    problem = httpx.get(f"{address}/v1/search").json()
    await page.goto(f"{address}{problem['type']}")
    assert await page.locator("h1").inner_text() == problem["title"]
